//! From text to tokens. The rules are those of upstream's lexer grammar, in its order; the parameter list of a condition is a mode of its own.

use std::sync::LazyLock;

use super::pattern::{Found, Machine, Pattern, Runner, any, lit, of, opt, plus, seq, star};
use super::syntax::SyntaxError;
use super::token::{self as t, Kind, Token, spelled};

/// Tokens without those that only separate (comments of CEL), the end of the text last, and the places where no rule fits.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<SyntaxError>) {
    let characters: Vec<char> = text.chars().collect();
    let (mut tokens, mut errors) = (Vec::new(), Vec::new());
    let (mut at, mut line, mut column) = (0, 0, 0);
    let mut parameters = false;
    let mut runners = (Runner::new(&DEFAULT.machine), Runner::new(&PARAMETERS.machine));
    while at < characters.len() {
        let rest = characters.get(at..).unwrap_or_default();
        let (kinds, runner) =
            if parameters { (&PARAMETERS.kinds, &mut runners.1) } else { (&DEFAULT.kinds, &mut runners.0) };
        let (kind, length) = match runner.run(rest) {
            Found::Match { pattern, length } => (kinds.get(pattern).copied(), length),
            Found::Nothing { died_at } => (None, (died_at + 1).min(rest.len())),
        };
        let text: String = rest.iter().take(length).collect();
        match kind {
            Some(t::CEL_COMMENT) => {}
            Some(kind) => {
                parameters = kind == t::CONDITION || (parameters && kind != t::RPAREN);
                tokens.push(Token { kind, text: text.clone(), line, column });
            }
            None => errors.push(SyntaxError::at(
                line,
                column,
                None,
                format!("token recognition error at: '{}'", spelled(&text)),
            )),
        }
        for character in text.chars() {
            (line, column) = if character == '\n' { (line + 1, 0) } else { (line, column + 1) };
        }
        at += length;
    }
    tokens.push(Token { kind: t::EOF, text: "<EOF>".to_owned(), line, column });
    (tokens, errors)
}

struct Mode {
    machine: Machine,
    kinds: Vec<Kind>,
}

impl Mode {
    fn new(rules: Vec<(Kind, Pattern)>) -> Self {
        let (kinds, patterns): (Vec<Kind>, Vec<Pattern>) = rules.into_iter().unzip();
        Self { machine: Machine::new(&patterns), kinds }
    }
}

static DEFAULT: LazyLock<Mode> = LazyLock::new(|| {
    let mut rules: Vec<(Kind, Pattern)> = WORDS.iter().map(|(kind, word)| (*kind, lit(word))).collect();
    let version = (t::SCHEMA_VERSION, seq([digits(), lit("."), digits()]));
    let place = rules.iter().position(|(kind, _)| *kind == t::EXTEND).unwrap_or_default();
    rules.insert(place, version);
    rules.extend([
        (t::WHITESPACE, spaces()),
        (t::CEL_COMMENT, seq([lit("//"), star(of(|c| c != '\n'))])),
        (t::NUM_FLOAT, floats()),
        (t::NUM_INT, any([digits(), seq([lit("0x"), plus(hex())])])),
        (t::NUM_UINT, seq([any([digits(), seq([lit("0x"), plus(hex())])]), of(|c| matches!(c, 'u' | 'U'))])),
        (t::STRING, strings()),
        (t::BYTES, seq([of(|c| matches!(c, 'b' | 'B')), strings()])),
        (t::IDENTIFIER, identifier()),
        (t::EXTENDED_IDENTIFIER, extended_identifier()),
        (t::NEWLINE, newline()),
    ]);
    Mode::new(rules)
});

static PARAMETERS: LazyLock<Mode> = LazyLock::new(|| {
    let types = ["bool", "string", "int", "uint", "double", "duration", "timestamp", "ipaddress"];
    Mode::new(vec![
        (t::RPAREN, lit(")")),
        (t::PARAM_CONTAINER, any([lit("map"), lit("list")])),
        (t::PARAM_TYPE, Pattern::Any(types.iter().map(|word| lit(word)).collect())),
        (t::LESS, lit("<")),
        (t::GREATER, lit(">")),
        (t::LPAREN, lit("(")),
        (t::COLON, lit(":")),
        (t::COMMA, lit(",")),
        (t::WHITESPACE, spaces()),
        (t::IDENTIFIER, identifier()),
    ])
});

/// Fixed texts, in the grammar's order.
const WORDS: &[(Kind, &str)] = &[
    (t::HASH, "#"),
    (t::COLON, ":"),
    (t::COMMA, ","),
    (t::AND, "and"),
    (t::OR, "or"),
    (t::BUT_NOT, "but not"),
    (t::FROM, "from"),
    (t::MODULE, "module"),
    (t::MODEL, "model"),
    (t::SCHEMA, "schema"),
    (t::EXTEND, "extend"),
    (t::TYPE, "type"),
    (t::CONDITION, "condition"),
    (t::RELATIONS, "relations"),
    (t::RELATION, "relation"),
    (t::DEFINE, "define"),
    (t::WITH, "with"),
    (t::EQUALS, "=="),
    (t::NOT_EQUALS, "!="),
    (t::IN, "in"),
    (t::LESS, "<"),
    (t::LESS_EQUALS, "<="),
    (t::GREATER_EQUALS, ">="),
    (t::GREATER, ">"),
    (t::LOGICAL_AND, "&&"),
    (t::LOGICAL_OR, "||"),
    (t::LBRACKET, "["),
    (t::RBRACKET, "]"),
    (t::LBRACE, "{"),
    (t::RBRACE, "}"),
    (t::LPAREN, "("),
    (t::RPAREN, ")"),
    (t::DOT, "."),
    (t::MINUS, "-"),
    (t::EXCLAM, "!"),
    (t::QUESTIONMARK, "?"),
    (t::PLUS, "+"),
    (t::STAR, "*"),
    (t::SLASH, "/"),
    (t::PERCENT, "%"),
    (t::CEL_TRUE, "true"),
    (t::CEL_FALSE, "false"),
    (t::NUL, "null"),
];

fn digits() -> Pattern {
    plus(of(|c| c.is_ascii_digit()))
}

fn hex() -> Pattern {
    of(|c| c.is_ascii_hexdigit())
}

fn spaces() -> Pattern {
    plus(of(|c| matches!(c, '\t' | ' ' | '\u{c}')))
}

fn newline() -> Pattern {
    // The grammar says it by recursion; the same as a loop.
    plus(seq([opt(spaces()), any([lit("\r\n"), lit("\n"), lit("\r"), lit("\u{c}")]), opt(spaces())]))
}

fn floats() -> Pattern {
    let exponent = || seq([of(|c| matches!(c, 'e' | 'E')), opt(of(|c| matches!(c, '+' | '-'))), digits()]);
    any([
        seq([digits(), lit("."), digits(), opt(exponent())]),
        seq([digits(), exponent()]),
        seq([lit("."), digits(), opt(exponent())]),
    ])
}

fn identifier() -> Pattern {
    seq([
        of(|c| c.is_ascii_alphabetic() || c == '_'),
        star(of(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))),
    ])
}

fn extended_identifier() -> Pattern {
    let word = || plus(of(|c| c.is_ascii_alphanumeric() || c == '_'));
    seq([
        of(|c| c.is_ascii_alphabetic() || c == '_'),
        star(seq([opt(of(|c| matches!(c, '/' | '.' | '-'))), word()])),
    ])
}

fn strings() -> Pattern {
    let raw = || of(|c| matches!(c, 'r' | 'R'));
    any([
        seq([lit("\""), star(any([escape(), of(|c| !matches!(c, '\\' | '"' | '\n' | '\r'))])), lit("\"")]),
        seq([lit("'"), star(any([escape(), of(|c| !matches!(c, '\\' | '\'' | '\n' | '\r'))])), lit("'")]),
        triple("\"\"\"", lit("\""), any([escape(), of(|c| !matches!(c, '\\' | '"'))])),
        triple("'''", lit("'"), any([escape(), of(|c| !matches!(c, '\\' | '\''))])),
        seq([raw(), lit("\""), star(of(|c| !matches!(c, '"' | '\n' | '\r'))), lit("\"")]),
        seq([raw(), lit("'"), star(of(|c| !matches!(c, '\'' | '\n' | '\r'))), lit("'")]),
        seq([raw(), triple("\"\"\"", lit("\""), of(|c| c != '"'))]),
        seq([raw(), triple("'''", lit("'"), of(|c| c != '\''))]),
    ])
}

/// Up to the first three quotes: one or two of them may stand inside, before something else.
fn triple(quotes: &str, quote: Pattern, other: Pattern) -> Pattern {
    let inside =
        any([other.clone(), seq([quote.clone(), other.clone()]), seq([quote.clone(), quote, other])]);
    seq([lit(quotes), star(inside), lit(quotes)])
}

fn escape() -> Pattern {
    let octal = || of(|c| ('0'..='7').contains(&c));
    let four = || seq([hex(), hex(), hex(), hex()]);
    seq([
        lit("\\"),
        any([
            of(|c| matches!(c, 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`')),
            seq([of(|c| ('0'..='3').contains(&c)), octal(), octal()]),
            seq([of(|c| matches!(c, 'x' | 'X')), hex(), hex()]),
            seq([lit("u"), four()]),
            seq([lit("U"), four(), four()]),
        ]),
    ])
}
