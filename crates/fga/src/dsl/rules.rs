//! What names and identifiers may consist of, as upstream's editors check it.

/// The pattern of a type's name.
pub(super) const TYPE: &str = r"[^:#@\*\s]{1,254}";
/// The pattern of a relation's name.
pub(super) const RELATION: &str = r"[^:#@\*\s]{1,50}";

fn is_name(name: &str, longest: usize) -> bool {
    let characters = name.chars().count();
    (1..=longest).contains(&characters)
        && !name.chars().any(|c| matches!(c, ':' | '#' | '@' | '*') || c.is_whitespace())
}

/// Whether a type may be called that.
pub fn is_type(name: &str) -> bool {
    is_name(name, 254)
}

/// Whether a relation may be called that.
pub fn is_relation(name: &str) -> bool {
    is_name(name, 50)
}

/// Whether a condition may be called that.
pub fn is_condition(name: &str) -> bool {
    let characters = name.chars().count();
    (1..=50).contains(&characters) && !name.chars().any(|c| c == '*' || c.is_whitespace())
}

/// Whether an object's id is one that every tool of the ecosystem takes. (The server itself takes more.)
pub fn is_object_id(id: &str) -> bool {
    let mut characters = id.chars();
    characters.next().is_some_and(|c| !matches!(c, '#' | ':' | '*') && !c.is_whitespace())
        && characters
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '|' | '*' | '@' | '.' | '+' | '/' | '-'))
}
