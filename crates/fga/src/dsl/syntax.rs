//! What is wrong with a text, and where.

use std::fmt;

/// A fault in the text of a model. Lines and columns count from 0, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The line.
    pub line: usize,
    /// The first column of the offending symbol.
    pub column: usize,
    /// The column after it.
    pub end: usize,
    /// The offending symbol, where there is one.
    pub symbol: Option<String>,
}

impl SyntaxError {
    pub(super) fn at(line: usize, column: usize, symbol: Option<&str>, message: String) -> Self {
        let width = symbol.map_or(0, |symbol| symbol.chars().count());
        Self { message, line, column, end: column + width, symbol: symbol.map(str::to_owned) }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "syntax error at line={}, column={}: {}", self.line, self.column, self.message)
    }
}
