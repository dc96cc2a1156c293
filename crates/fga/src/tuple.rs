//! Tuples: `object#relation@user`, how their parts are spelled, and what makes one invalid.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::lenient;

/// A tuple as it goes over the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TupleKey {
    /// `user:anne`, `user:*` or `group:x#member`.
    #[serde(default, deserialize_with = "lenient")]
    pub user: String,
    /// The relation.
    #[serde(default, deserialize_with = "lenient")]
    pub relation: String,
    /// `document:1`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: String,
    /// When it counts; always, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<TupleCondition>,
}

/// The condition of a tuple.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TupleCondition {
    /// A condition of the model.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// What is known of its parameters; wins over the request's.
    #[serde(default, deserialize_with = "lenient")]
    pub context: Map<String, Value>,
}

impl TupleKey {
    /// A tuple without a condition.
    pub fn new(object: impl Into<String>, relation: impl Into<String>, user: impl Into<String>) -> Self {
        Self { object: object.into(), relation: relation.into(), user: user.into(), condition: None }
    }

    /// Whether two tuples are the same, whatever their conditions.
    pub fn same_key(&self, other: &Self) -> bool {
        self.object == other.object && self.relation == other.relation && self.user == other.user
    }

    /// The name of the condition, if there is one.
    pub fn condition_name(&self) -> Option<&str> {
        self.condition.as_ref().map(|condition| condition.name.as_str()).filter(|name| !name.is_empty())
    }
}

impl fmt::Display for TupleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}@{}", self.object, self.relation, self.user)
    }
}

/// The longest object, in characters.
pub const MAX_OBJECT: usize = 256;
/// The longest user, in characters.
pub const MAX_USER: usize = 512;
/// The longest relation, in characters.
pub const MAX_RELATION: usize = 50;
/// The longest type, in characters.
pub const MAX_TYPE: usize = 254;
/// The most contextual tuples of a request.
pub const MAX_CONTEXTUAL: usize = 100;
/// The largest context of a tuple, in bytes of JSON.
pub const MAX_CONTEXT: usize = 32 * 1024;

/// A user's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum User<'a> {
    /// `user:anne`
    Object {
        /// The type.
        type_name: &'a str,
    },
    /// `user:*`
    Everybody {
        /// The type.
        type_name: &'a str,
    },
    /// `group:x#member`
    Userset {
        /// The type.
        type_name: &'a str,
        /// `group:x`
        object: &'a str,
        /// The relation.
        relation: &'a str,
    },
}

impl<'a> User<'a> {
    /// Takes a user apart; `None` for what is not one of the three.
    pub fn parse(text: &'a str) -> Option<Self> {
        if is_userset(text) {
            let (object, relation) = text.rsplit_once('#')?;
            return Some(Self::Userset { type_name: type_of(object), object, relation });
        }
        if !is_object(text) {
            return None;
        }
        let (type_name, id) = text.split_once(':')?;
        Some(if id == "*" { Self::Everybody { type_name } } else { Self::Object { type_name } })
    }

    /// The type.
    pub fn type_name(&self) -> &'a str {
        match self {
            Self::Object { type_name } | Self::Everybody { type_name } | Self::Userset { type_name, .. } => {
                type_name
            }
        }
    }
}

/// The type of an object; empty for what is none.
pub fn type_of(object: &str) -> &str {
    object.split_once(':').map_or("", |(type_name, _)| type_name)
}

/// `type:id`: one colon, something on both sides, no `#`, space or control character.
pub fn is_object(text: &str) -> bool {
    let Some((type_name, id)) = text.split_once(':') else { return false };
    !type_name.is_empty()
        && !id.is_empty()
        && !id.contains(':')
        && !text.chars().any(|c| matches!(c, '#' | ' ') || c.is_control())
}

/// A relation's name: no `:`, `#`, `@`, space or control character.
pub fn is_relation(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| matches!(c, '#' | ':' | '@' | ' ') || c.is_control())
}

/// `type:id#relation`, without stars behind the type.
pub fn is_userset(text: &str) -> bool {
    let Some((object, relation)) = text.split_once('#') else { return false };
    let Some((type_name, id)) = object.split_once(':') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains([':', '#', '*']);
    !type_name.is_empty() && plain(id) && plain(relation) && !text.chars().any(|c| c == ' ' || c.is_control())
}

/// What may stand in a `user` field at all; a model may still refuse it.
pub fn is_user(text: &str) -> bool {
    let id = !text.is_empty() && !text.chars().any(|c| matches!(c, '#' | ':' | ' ') || c.is_control());
    id || is_object(text) || is_userset(text)
}

/// The first control character of a context, with the place where it stands.
pub(crate) fn forbidden(context: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in context {
        if key.chars().any(char::is_control) {
            return Err(format!("context key {key:?} contains forbidden characters"));
        }
        forbidden_value(value)?;
    }
    Ok(())
}

fn forbidden_value(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.chars().any(char::is_control) => {
            Err(format!("context value {text:?} contains forbidden characters"))
        }
        Value::Array(items) => items.iter().try_for_each(forbidden_value),
        Value::Object(entries) => forbidden(entries),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_users() {
        assert_eq!(User::parse("user:a"), Some(User::Object { type_name: "user" }));
        assert_eq!(User::parse("user:*"), Some(User::Everybody { type_name: "user" }));
        let userset = User::Userset { type_name: "g", object: "g:x", relation: "member" };
        assert_eq!(User::parse("g:x#member"), Some(userset));
        for wrong in [
            "",
            "user",
            "user:",
            ":a",
            "user:a:b",
            "user:a b",
            "g:x#",
            "g:*#member",
            "g:x#a#b",
            "*",
            "user:\u{1}",
        ] {
            assert_eq!(User::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn relations() {
        assert!(is_relation("can_view"));
        for wrong in ["", "a b", "a#b", "a:b", "a@b", "a\n"] {
            assert!(!is_relation(wrong), "{wrong}");
        }
    }

    #[test]
    fn users_that_no_model_takes_are_still_spelled_right() {
        assert!(is_user("anne") && is_user("*") && is_user("user:anne"));
        assert!(!is_user("user:anne:b") && !is_user("a b") && !is_user(""));
    }
}
