//! What is wrong with a model that can be read, and where in its text that stands.

use std::fmt;

use regex_lite::Regex;

/// What kind of fault; the names are upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No schema version.
    SchemaVersionRequired,
    /// A schema version that is not known.
    InvalidSchema,
    /// A type called `self` or `this`.
    ReservedTypeKeywords,
    /// A relation called `self` or `this`.
    ReservedRelationKeywords,
    /// A name with forbidden characters or too long.
    InvalidName,
    /// A relation that is not defined.
    MissingDefinition,
    /// A relation that is not defined on the type it is asked of.
    InvalidRelationType,
    /// `x from y` where no type of `y` has `x`.
    InvalidRelationOnTupleset,
    /// A type that is not defined.
    InvalidType,
    /// A relation that nobody can ever have.
    RelationNoEntrypoint,
    /// `x from y` where `y` is not simply assigned.
    TuplesetNotDirect,
    /// Something said twice.
    Duplicated,
    /// A direct relation without types.
    AssignableRelationMustHaveTypes,
    /// `type:*#relation`.
    WildcardAndRelation,
    /// A condition that is not defined.
    ConditionNotDefined,
    /// A condition that no relation uses.
    ConditionNotUsed,
    /// A condition under another name than its own.
    DifferentNestedConditionName,
    /// Definitions of two modules that claim the same file.
    MultipleModulesInFile,
    /// A module that cannot be put together with the others.
    Transformation,
    /// A fault of syntax in a module.
    Syntax,
}

impl FaultKind {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SchemaVersionRequired => "schema-version-required",
            Self::InvalidSchema => "invalid-schema",
            Self::ReservedTypeKeywords => "reserved-type-keywords",
            Self::ReservedRelationKeywords => "reserved-relation-keywords",
            Self::InvalidName => "invalid-name",
            Self::MissingDefinition => "missing-definition",
            Self::InvalidRelationType => "invalid-relation-type",
            Self::InvalidRelationOnTupleset => "invalid-relation-on-tupleset",
            Self::InvalidType => "invalid-type",
            Self::RelationNoEntrypoint => "relation-no-entry-point",
            Self::TuplesetNotDirect => "tupleuserset-not-direct",
            Self::Duplicated => "duplicated-error",
            Self::AssignableRelationMustHaveTypes => "assignable-relation-must-have-type",
            Self::WildcardAndRelation => "type-wildcard-relation",
            Self::ConditionNotDefined => "condition-not-defined",
            Self::ConditionNotUsed => "condition-not-used",
            Self::DifferentNestedConditionName => "different-nested-condition-name",
            Self::MultipleModulesInFile => "multiple-modules-in-file",
            Self::Transformation => "transformation-error",
            Self::Syntax => "syntax",
        }
    }
}

/// A place in a text. Lines and columns count from 0, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// The column after the last.
    pub end: usize,
}

/// A fault of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFault {
    /// What kind.
    pub kind: FaultKind,
    /// What is wrong, for people.
    pub message: String,
    /// Where, if there is a text.
    pub place: Option<Place>,
    /// The offending word.
    pub symbol: String,
    /// The file of the definition.
    pub file: String,
    /// The module of the definition.
    pub module: String,
    /// The type it is about.
    pub type_name: Option<String>,
    /// The relation it is about.
    pub relation: Option<String>,
}

impl fmt::Display for ModelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} error", self.kind.as_str())?;
        if let Some(place) = &self.place {
            write!(f, " at line={}, column={}", place.line, place.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A text by lines, searched for definitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines<'a>(Option<Vec<&'a str>>);

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(Some(text.split('\n').collect()))
    }

    fn find(&self, from: usize, test: impl Fn(&str) -> bool) -> Option<usize> {
        let lines = self.0.as_ref()?;
        lines.iter().skip(from).position(|line| test(line)).map(|at| at + from)
    }

    /// The text of a line.
    pub(super) fn line(&self, at: usize) -> Option<&'a str> {
        self.0.as_ref()?.get(at).copied()
    }

    /// Where a type is defined, or with `extend` extended.
    pub(super) fn type_line(&self, name: &str, extend: bool) -> Option<usize> {
        let prefix = format!("{}type {name}", if extend { "extend " } else { "" });
        self.find(0, |line| line.trim().strip_prefix(&prefix).is_some_and(nothing_or_comment))
    }

    /// Where a relation is defined, looking from a line on.
    pub(super) fn relation_line(&self, name: &str, from: Option<usize>) -> Option<usize> {
        let prefix = format!("define {name}");
        self.find(from.unwrap_or_default(), |line| {
            squeezed(line).strip_prefix(&prefix).is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    }

    /// Where a condition is defined.
    pub(super) fn condition_line(&self, name: &str) -> Option<usize> {
        let prefix = format!("condition {name}");
        self.find(0, |line| {
            line.trim().strip_prefix(&prefix).is_some_and(|rest| rest.trim_start().starts_with('('))
        })
    }

    /// Where the schema version stands; the first line if nowhere.
    pub(super) fn schema_line(&self, version: &str) -> Option<usize> {
        self.0.as_ref()?;
        let prefix = format!("schema {version}");
        let found = self.find(0, |line| squeezed(line).strip_prefix(&prefix).is_some_and(nothing_or_comment));
        Some(found.unwrap_or_default())
    }

    /// The place of a word in a line, found as upstream finds it for this kind of fault.
    pub(super) fn place(&self, kind: FaultKind, line: Option<usize>, symbol: &str) -> Option<Place> {
        let line = line?;
        let text = self.line(line)?;
        let whole = || word(text, symbol).unwrap_or_default();
        let column = match kind {
            // The value is meant, not the name before the colon.
            FaultKind::InvalidType => text
                .split_once(':')
                .and_then(|(name, value)| Some(characters(name) + 1 + word(value, symbol)?))
                .unwrap_or_else(whole),
            FaultKind::TuplesetNotDirect => text
                .find("from")
                .map(|at| at + "from".len())
                .and_then(|after| Some(after + text.get(after..)?.find(symbol)?))
                .map_or_else(whole, |byte| characters(text.get(..byte).unwrap_or_default())),
            FaultKind::AssignableRelationMustHaveTypes => {
                let mut rest = symbol.chars();
                rest.next();
                text.find(rest.as_str())
                    .map_or_else(whole, |byte| characters(text.get(..byte).unwrap_or_default()))
            }
            _ => whole(),
        };
        Some(Place { line, column, end: column + characters(symbol) })
    }
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

/// The column of a word in a text.
fn word(text: &str, symbol: &str) -> Option<usize> {
    // As upstream: the symbol is a pattern, so that `user:*` is found in `[user:*]`.
    let pattern = Regex::new(&format!(r"\b{symbol}\b")).ok()?;
    pattern.find(text).map(|found| characters(text.get(..found.start()).unwrap_or_default()))
}

fn nothing_or_comment(rest: &str) -> bool {
    rest.is_empty() || (rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#'))
}

fn squeezed(line: &str) -> String {
    let mut squeezed = String::new();
    for character in line.trim().chars() {
        if character != ' ' || !squeezed.ends_with(' ') {
            squeezed.push(character);
        }
    }
    squeezed
}
