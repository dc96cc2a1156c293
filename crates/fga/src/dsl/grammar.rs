//! The grammar of the language, rule by rule as upstream's `OpenFGAParser.g4` has it. Its shape is part of what users see: what an error says was
//! expected follows from it.

use super::token::{self as t, ALL, Kind, Set, one};

/// A rule of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Main,
    ModelHeader,
    ModuleHeader,
    TypeDefs,
    TypeDef,
    RelationDeclaration,
    RelationName,
    RelationDef,
    RelationDefNoDirect,
    RelationDefPartials,
    RelationDefGrouping,
    RelationRecurse,
    RelationRecurseNoDirect,
    DirectAssignment,
    Rewrite,
    TypeRestriction,
    TypeRestrictionBase,
    Conditions,
    Condition,
    ConditionName,
    ConditionParameter,
    ParameterName,
    ParameterType,
    MultiLineComment,
    Identifier,
    ExtendedIdentifier,
    ConditionExpression,
}

/// Every rule.
pub(super) const RULES: [Rule; 27] = [
    Rule::Main,
    Rule::ModelHeader,
    Rule::ModuleHeader,
    Rule::TypeDefs,
    Rule::TypeDef,
    Rule::RelationDeclaration,
    Rule::RelationName,
    Rule::RelationDef,
    Rule::RelationDefNoDirect,
    Rule::RelationDefPartials,
    Rule::RelationDefGrouping,
    Rule::RelationRecurse,
    Rule::RelationRecurseNoDirect,
    Rule::DirectAssignment,
    Rule::Rewrite,
    Rule::TypeRestriction,
    Rule::TypeRestrictionBase,
    Rule::Conditions,
    Rule::Condition,
    Rule::ConditionName,
    Rule::ConditionParameter,
    Rule::ParameterName,
    Rule::ParameterType,
    Rule::MultiLineComment,
    Rule::Identifier,
    Rule::ExtendedIdentifier,
    Rule::ConditionExpression,
];

/// A part of a rule.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A token of this kind.
    Token(Kind),
    /// A token of one of these kinds.
    OneOf(Set),
    /// Another rule.
    Rule(Rule),
    /// One after the other.
    Seq(Vec<Part>),
    /// One of them.
    Alt(Vec<Part>),
    /// One or none.
    Opt(Box<Part>),
    /// None, one or several.
    Star(Box<Part>),
    /// At least one.
    Plus(Box<Part>),
}

use Part::{OneOf, Token};

fn seq<const N: usize>(parts: [Part; N]) -> Part {
    Part::Seq(parts.into())
}

fn alt<const N: usize>(parts: [Part; N]) -> Part {
    Part::Alt(parts.into())
}

fn opt(part: Part) -> Part {
    Part::Opt(Box::new(part))
}

fn star(part: Part) -> Part {
    Part::Star(Box::new(part))
}

fn plus(part: Part) -> Part {
    Part::Plus(Box::new(part))
}

fn set<const N: usize>(kinds: [Kind; N]) -> Part {
    OneOf(kinds.iter().fold(0, |set, kind| set | one(*kind)))
}

/// `(NEWLINE multiLineComment)?`
fn comment_before() -> Part {
    opt(seq([Token(t::NEWLINE), Part::Rule(Rule::MultiLineComment)]))
}

fn space() -> Part {
    Token(t::WHITESPACE)
}

/// `(WHITESPACE operator WHITESPACE (grouping | recurse))`
fn operand(operator: Kind) -> Part {
    seq([
        space(),
        Token(operator),
        space(),
        alt([Part::Rule(Rule::RelationDefGrouping), Part::Rule(Rule::RelationRecurseNoDirect)]),
    ])
}

/// `first WHITESPACE? (COMMA WHITESPACE? next WHITESPACE?)*`
fn listed(item: Rule) -> [Part; 3] {
    [
        Part::Rule(item),
        opt(space()),
        star(seq([Token(t::COMMA), opt(space()), Part::Rule(item), opt(space())])),
    ]
}

/// `( WHITESPACE* (a | b) WHITESPACE* )` with the parentheses.
fn grouped(first: Rule, second: Rule) -> Part {
    seq([
        Token(t::LPAREN),
        star(space()),
        alt([Part::Rule(first), Part::Rule(second)]),
        star(space()),
        Token(t::RPAREN),
    ])
}

/// What a rule says.
pub(super) fn body(rule: Rule) -> Part {
    use Part::Rule as R;
    match rule {
        Rule::Main => seq([
            opt(space()),
            opt(Token(t::NEWLINE)),
            alt([R(Rule::ModelHeader), R(Rule::ModuleHeader)]),
            opt(Token(t::NEWLINE)),
            R(Rule::TypeDefs),
            opt(Token(t::NEWLINE)),
            R(Rule::Conditions),
            opt(Token(t::NEWLINE)),
            Token(t::EOF),
        ]),
        Rule::ModelHeader => seq([
            opt(seq([R(Rule::MultiLineComment), Token(t::NEWLINE)])),
            Token(t::MODEL),
            Token(t::NEWLINE),
            Token(t::SCHEMA),
            space(),
            Token(t::SCHEMA_VERSION),
            opt(space()),
        ]),
        Rule::ModuleHeader => seq([
            opt(seq([R(Rule::MultiLineComment), Token(t::NEWLINE)])),
            Token(t::MODULE),
            space(),
            R(Rule::Identifier),
            opt(space()),
        ]),
        Rule::TypeDefs => star(R(Rule::TypeDef)),
        Rule::TypeDef => seq([
            comment_before(),
            Token(t::NEWLINE),
            opt(seq([Token(t::EXTEND), space()])),
            Token(t::TYPE),
            space(),
            R(Rule::ExtendedIdentifier),
            opt(seq([Token(t::NEWLINE), Token(t::RELATIONS), plus(R(Rule::RelationDeclaration))])),
        ]),
        Rule::RelationDeclaration => seq([
            comment_before(),
            Token(t::NEWLINE),
            Token(t::DEFINE),
            space(),
            R(Rule::RelationName),
            opt(space()),
            Token(t::COLON),
            opt(space()),
            R(Rule::RelationDef),
        ]),
        Rule::RelationName => R(Rule::ExtendedIdentifier),
        Rule::RelationDef => seq([
            alt([R(Rule::DirectAssignment), R(Rule::RelationDefGrouping), R(Rule::RelationRecurse)]),
            opt(R(Rule::RelationDefPartials)),
        ]),
        Rule::RelationDefNoDirect => seq([
            alt([R(Rule::RelationDefGrouping), R(Rule::RelationRecurseNoDirect)]),
            opt(R(Rule::RelationDefPartials)),
        ]),
        Rule::RelationDefPartials => alt([plus(operand(t::OR)), plus(operand(t::AND)), operand(t::BUT_NOT)]),
        Rule::RelationDefGrouping => R(Rule::Rewrite),
        Rule::RelationRecurse => grouped(Rule::RelationDef, Rule::RelationRecurseNoDirect),
        Rule::RelationRecurseNoDirect => grouped(Rule::RelationDefNoDirect, Rule::RelationRecurseNoDirect),
        Rule::DirectAssignment => {
            let [first, space_after, rest] = listed(Rule::TypeRestriction);
            seq([Token(t::LBRACKET), opt(space()), first, space_after, rest, Token(t::RBRACKET)])
        }
        Rule::Rewrite => seq([
            R(Rule::ExtendedIdentifier),
            opt(seq([space(), Token(t::FROM), space(), R(Rule::ExtendedIdentifier)])),
        ]),
        Rule::TypeRestriction => seq([
            opt(Token(t::NEWLINE)),
            alt([
                R(Rule::TypeRestrictionBase),
                seq([R(Rule::TypeRestrictionBase), space(), Token(t::WITH), space(), R(Rule::ConditionName)]),
            ]),
            opt(Token(t::NEWLINE)),
        ]),
        Rule::TypeRestrictionBase => seq([
            R(Rule::ExtendedIdentifier),
            opt(alt([
                seq([Token(t::COLON), Token(t::STAR)]),
                seq([Token(t::HASH), R(Rule::ExtendedIdentifier)]),
            ])),
        ]),
        Rule::Conditions => star(R(Rule::Condition)),
        Rule::Condition => {
            let [first, space_after, rest] = listed(Rule::ConditionParameter);
            seq([
                comment_before(),
                Token(t::NEWLINE),
                Token(t::CONDITION),
                space(),
                R(Rule::ConditionName),
                opt(space()),
                Token(t::LPAREN),
                opt(space()),
                first,
                space_after,
                rest,
                opt(Token(t::NEWLINE)),
                Token(t::RPAREN),
                opt(space()),
                Token(t::LBRACE),
                opt(Token(t::NEWLINE)),
                opt(space()),
                R(Rule::ConditionExpression),
                opt(Token(t::NEWLINE)),
                Token(t::RBRACE),
            ])
        }
        Rule::ConditionName | Rule::ParameterName => Token(t::IDENTIFIER),
        Rule::ConditionParameter => seq([
            opt(Token(t::NEWLINE)),
            R(Rule::ParameterName),
            opt(space()),
            Token(t::COLON),
            opt(space()),
            R(Rule::ParameterType),
        ]),
        Rule::ParameterType => alt([
            Token(t::PARAM_TYPE),
            seq([Token(t::PARAM_CONTAINER), Token(t::LESS), Token(t::PARAM_TYPE), Token(t::GREATER)]),
        ]),
        Rule::MultiLineComment => seq([
            Token(t::HASH),
            star(OneOf(ALL & !one(t::NEWLINE))),
            opt(seq([Token(t::NEWLINE), R(Rule::MultiLineComment)])),
        ]),
        Rule::Identifier => {
            set([t::MODEL, t::SCHEMA, t::TYPE, t::RELATION, t::IDENTIFIER, t::MODULE, t::EXTEND])
        }
        Rule::ExtendedIdentifier => alt([R(Rule::Identifier), Token(t::EXTENDED_IDENTIFIER)]),
        Rule::ConditionExpression => star(alt([
            set([
                t::IDENTIFIER,
                t::EQUALS,
                t::NOT_EQUALS,
                t::IN,
                t::LESS,
                t::LESS_EQUALS,
                t::GREATER_EQUALS,
                t::GREATER,
                t::LOGICAL_AND,
                t::LOGICAL_OR,
                t::LBRACKET,
                t::RBRACKET,
                t::LBRACE,
                t::LPAREN,
                t::RPAREN,
                t::DOT,
                t::MINUS,
                t::EXCLAM,
                t::QUESTIONMARK,
                t::PLUS,
                t::STAR,
                t::SLASH,
                t::PERCENT,
                t::CEL_TRUE,
                t::CEL_FALSE,
                t::NUL,
                t::WHITESPACE,
                t::CEL_COMMENT,
                t::NUM_FLOAT,
                t::NUM_INT,
                t::NUM_UINT,
                t::STRING,
                t::BYTES,
                t::NEWLINE,
            ]),
            OneOf(ALL & !one(t::RBRACE)),
        ])),
    }
}
