//! The tokens of the language, numbered and named as upstream's grammar numbers and names them: messages list what was expected in that order.

/// A token's kind.
pub(super) type Kind = u8;

/// Kinds as bits.
pub(super) type Set = u64;

macro_rules! kinds {
    ($($name:ident = $number:literal $shown:literal,)*) => {
        $(pub(super) const $name: Kind = $number;)*
        /// How messages show a kind.
        const SHOWN: &[(Kind, &str)] = &[$(($number, $shown)),*];
    };
}

kinds! {
    EOF = 0 "<EOF>",
    COLON = 1 "':'",
    COMMA = 2 "','",
    LESS = 3 "'<'",
    GREATER = 4 "'>'",
    LBRACKET = 5 "'['",
    LPAREN = 7 "'('",
    RPAREN = 8 "')'",
    WHITESPACE = 9 "WHITESPACE",
    IDENTIFIER = 10 "IDENTIFIER",
    HASH = 11 "'#'",
    AND = 12 "'and'",
    OR = 13 "'or'",
    BUT_NOT = 14 "'but not'",
    FROM = 15 "'from'",
    MODULE = 16 "'module'",
    MODEL = 17 "'model'",
    SCHEMA = 18 "'schema'",
    SCHEMA_VERSION = 19 "SCHEMA_VERSION",
    EXTEND = 20 "'extend'",
    TYPE = 21 "'type'",
    CONDITION = 22 "'condition'",
    RELATIONS = 23 "'relations'",
    RELATION = 24 "'relation'",
    DEFINE = 25 "'define'",
    WITH = 26 "'with'",
    EQUALS = 27 "'=='",
    NOT_EQUALS = 28 "'!='",
    IN = 29 "'in'",
    LESS_EQUALS = 30 "'<='",
    GREATER_EQUALS = 31 "'>='",
    LOGICAL_AND = 32 "'&&'",
    LOGICAL_OR = 33 "'||'",
    RBRACKET = 34 "']'",
    LBRACE = 35 "'{'",
    RBRACE = 36 "'}'",
    DOT = 37 "'.'",
    MINUS = 38 "'-'",
    EXCLAM = 39 "'!'",
    QUESTIONMARK = 40 "'?'",
    PLUS = 41 "'+'",
    STAR = 42 "'*'",
    SLASH = 43 "'/'",
    PERCENT = 44 "'%'",
    CEL_TRUE = 45 "'true'",
    CEL_FALSE = 46 "'false'",
    NUL = 47 "'null'",
    CEL_COMMENT = 48 "CEL_COMMENT",
    NUM_FLOAT = 49 "NUM_FLOAT",
    NUM_INT = 50 "NUM_INT",
    NUM_UINT = 51 "NUM_UINT",
    STRING = 52 "STRING",
    BYTES = 53 "BYTES",
    EXTENDED_IDENTIFIER = 54 "EXTENDED_IDENTIFIER",
    NEWLINE = 55 "NEWLINE",
    PARAM_CONTAINER = 56 "CONDITION_PARAM_CONTAINER",
    PARAM_TYPE = 57 "CONDITION_PARAM_TYPE",
}

/// Not a token: the end of a rule can be reached without one.
pub(super) const EPSILON: Kind = 63;

/// Every real kind (`EOF` is none).
pub(super) const ALL: Set = ((1 << 58) - 1) & !1;

/// The set of one kind.
pub(super) const fn one(kind: Kind) -> Set {
    1 << kind
}

/// Whether a set holds a kind.
pub(super) const fn has(set: Set, kind: Kind) -> bool {
    set & one(kind) != 0
}

/// A token of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// From 0.
    pub(super) line: usize,
    /// In characters, from 0.
    pub(super) column: usize,
}

/// What was expected, as messages list it.
pub(super) fn shown(set: Set) -> String {
    let names: Vec<&str> =
        SHOWN.iter().filter(|(kind, _)| has(set, *kind)).map(|(_, shown)| *shown).collect();
    match names.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("{{{}}}", several.join(", ")),
    }
}

/// A text in quotes, line ends spelled out.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", spelled(text))
}

/// Line ends and tabs spelled out.
pub(super) fn spelled(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}
