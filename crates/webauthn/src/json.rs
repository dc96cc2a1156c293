//! JSON in which no object has one name twice: two readers of such a text could see two things.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::Refused;

/// A JSON value read strictly; reading fails where an object, at any depth, has one name twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub Value);

impl Json {
    /// Reads at most 16 KiB.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > crate::MOST_BODY {
            return Err(Refused::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(|_| Refused::Malformed)
    }
}

/// A member as text.
pub(crate) fn text<'v>(object: &'v Value, name: &'static str) -> Result<&'v str, Refused> {
    object.get(name).and_then(Value::as_str).ok_or(Refused::Member(name))
}

/// A member as the bytes whose base64url, without padding, it is; never empty.
pub(crate) fn bytes(object: &Value, name: &'static str) -> Result<Vec<u8>, Refused> {
    let text = text(object, name)?;
    B64.decode(text).ok().filter(|bytes| !bytes.is_empty()).ok_or(Refused::Member(name))
}

/// What both kinds of answer have around their `response`: the credential id, which stands there twice, and `type`.
pub(crate) fn credential_id(object: &Value) -> Result<(String, Vec<u8>), Refused> {
    let id = text(object, "id")?;
    // An empty one is told apart from none: it is what some authenticators made, and nobody may register.
    let raw_text = text(object, "rawId")?;
    let raw = B64.decode(raw_text).map_err(|_| Refused::Member("rawId"))?;
    if id != raw_text {
        return Err(Refused::IdMismatch);
    }
    if !(1..=1023).contains(&raw.len()) {
        return Err(Refused::CredentialIdLength);
    }
    if text(object, "type")? != "public-key" {
        return Err(Refused::CredentialType);
    }
    Ok((id.to_owned(), raw))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict).map(Self)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no name comes twice")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Json(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Json(value))) = object.next_entry::<String, Json>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name comes twice"));
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_is_malformed() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"deep":[{"a":1,"b":2,"a":3}]}"#,
            "",
            "{",
            "{} {}",
            "\u{feff}{}",
            &"[".repeat(10_000),
        ] {
            assert_eq!(Json::parse(text.as_bytes()), Err(Refused::Malformed), "{text:.30}");
        }
        assert_eq!(Json::parse(b"{\"\xff\":1}"), Err(Refused::Malformed));
    }

    #[test]
    fn reads_what_serde_reads() {
        let text = r#"{"a":[1,-2,3.5,null,true,"x\n"],"b":{"a":{}}}"#;
        assert_eq!(Json::parse(text.as_bytes()).unwrap().0, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn too_large() {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(16 * 1024));
        assert_eq!(Json::parse(text.as_bytes()), Err(Refused::TooLarge));
    }
}
