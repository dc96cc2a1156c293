//! OpenFGA's modelling language: reading it (faults with line and column), printing it, and putting a model together from modules.

mod atn;
mod build;
pub(crate) mod entry;
mod fault;
mod grammar;
mod lexer;
pub mod mod_file;
mod modules;
mod parser;
mod pattern;
mod predict;
mod print;
pub mod rules;
mod syntax;
mod token;
mod validate;

pub use build::Parsed;
pub use fault::{FaultKind, ModelFault, Place};
pub use modules::assemble;
pub use print::{PrintError, print};
pub use syntax::SyntaxError;

use crate::model::Model;

/// Texts longer than this are refused unread; models are smaller.
pub const MAX_TEXT: usize = 256 * 1024;

/// Parentheses deeper than this are refused unread.
const MAX_DEPTH: usize = 32;

/// Reads a model or a module of one.
///
/// # Errors
/// Every fault of the text, in the order in which they were noticed.
pub fn parse(text: &str) -> Result<Parsed, Vec<SyntaxError>> {
    if text.len() > MAX_TEXT {
        let message = format!("the text is longer than {MAX_TEXT} bytes");
        return Err(vec![SyntaxError::at(0, 0, None, message)]);
    }
    let (tokens, errors) = lexer::tokens(&without_comments(text));
    let mut depth = 0_usize;
    for token in &tokens {
        match token.kind {
            token::LPAREN => depth += 1,
            token::RPAREN => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses stand inside one another");
            return Err(vec![SyntaxError::at(token.line, token.column, Some(&token.text), message)]);
        }
    }
    let (tree, mut errors) = parser::parse(tokens, errors);
    let (parsed, faults) = build::build(&tree);
    errors.extend(faults);
    if errors.is_empty() { Ok(parsed) } else { Err(errors) }
}

/// Reads a whole model.
///
/// # Errors
/// As [`parse`]; a module is refused, being only a part of a model.
pub fn parse_model(text: &str) -> Result<Model, Vec<SyntaxError>> {
    let parsed = parse(text)?;
    match parsed.module {
        None => Ok(parsed.model),
        Some(module) => {
            let message = format!("`{module}` is a module: put the model together first");
            Err(vec![SyntaxError::at(0, 0, Some("module"), message)])
        }
    }
}

/// The faults that an editor shows for a model that can be read; `text` is where it was written, for places.
pub fn faults(model: &Model, text: Option<&str>) -> Vec<ModelFault> {
    validate::validate(model, text)
}

/// Comments become nothing, lines stay where they are.
fn without_comments(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        if line.trim_start().starts_with('#') {
            return "";
        }
        line.split(" #").next().unwrap_or_default().trim_end()
    });
    lines.collect::<Vec<_>>().join("\n")
}
