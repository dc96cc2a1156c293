//! From the JSON of a context to values of the declared types, as leniently as OpenFGA does it.

use serde_json::Value as Json;

use super::ip;
use super::time::{Duration, Timestamp};
use super::types::Type;
use super::value::{Value, whole};

/// The value of a parameter.
pub(super) fn convert(declared: &Type, given: &Json) -> Result<Value, String> {
    match declared {
        Type::Bool => match given {
            Json::Bool(given) => Ok(Value::Bool(*given)),
            _ => Err(expected("bool", given)),
        },
        Type::String => match given {
            Json::String(given) => Ok(Value::String(given.clone())),
            _ => Err(expected("string", given)),
        },
        Type::Int => integer(given, "int64", "int").map(|found| {
            let clamped = found.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            Value::Int(i64::try_from(clamped).unwrap_or_default())
        }),
        Type::Uint => {
            let found = integer(given, "uint64", "uint")?;
            if found < 0 {
                return Err(format!("expected a uint value, but found int64 value '{found}'"));
            }
            Ok(Value::Uint(u64::try_from(found).unwrap_or(u64::MAX)))
        }
        Type::Double => match given {
            Json::Number(number) => {
                number.as_f64().map(Value::Double).ok_or_else(|| expected("float64", given))
            }
            Json::String(text) => match decimal(text) {
                Some(number) if number.is_finite() => Ok(Value::Double(number)),
                Some(_) => Err(format!("number cannot be represented as a float64: {text}")),
                None => Err(format!("expected a float64 value, but found invalid string value '{text}'")),
            },
            _ => Err(expected("float64", given)),
        },
        Type::Duration => match given {
            Json::String(text) => Duration::parse(text)
                .map(Value::Duration)
                .ok_or_else(|| format!("expected a valid duration string, but found: '{text}'")),
            _ => Err(format!(
                "expected a duration string, but found: {} '{}'",
                go_type(given),
                go_value(given)
            )),
        },
        Type::Timestamp => match given {
            Json::String(text) => Timestamp::parse(text)
                .map(Value::Timestamp)
                .ok_or_else(|| format!("expected RFC 3339 formatted timestamp string, but found '{text}'")),
            _ => Err(format!(
                "expected RFC 3339 formatted timestamp string, but found: {} '{}'",
                go_type(given),
                go_value(given)
            )),
        },
        Type::Ip => match given {
            Json::String(text) => ip::parse(text)
                .map(Value::Ip)
                .ok_or_else(|| format!("expected a well-formed IP address, but found: '{text}'")),
            _ => Err(format!(
                "expected an ipaddress string, but found: {} '{}'",
                go_type(given),
                go_value(given)
            )),
        },
        Type::List(held) => match given {
            Json::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    convert(held, item)
                        .map_err(|why| format!("found an invalid list item at index `{at}`: {why}"))
                })
                .collect::<Result<_, _>>()
                .map(Value::List),
            _ => Err(format!("list requires a list, found: {}", go_type(given))),
        },
        Type::Map(_, held) => match given {
            Json::Object(entries) => entries
                .iter()
                .map(|(key, item)| {
                    let value = convert(held, item)
                        .map_err(|why| format!("found an invalid value for key '{key}': {why}"))?;
                    Ok((Value::String(key.clone()), value))
                })
                .collect::<Result<_, String>>()
                .map(Value::Map),
            _ => Err(format!("map requires a map, found: {}", go_type(given))),
        },
        Type::Dyn | Type::Null | Type::Bytes => Ok(as_is(given)),
    }
}

/// A value of any type: numbers are doubles, as protobuf's JSON has them.
fn as_is(given: &Json) -> Value {
    match given {
        Json::Null => Value::Null,
        Json::Bool(given) => Value::Bool(*given),
        Json::Number(number) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(as_is).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, item)| (Value::String(key.clone()), as_is(item))).collect())
        }
    }
}

fn integer(given: &Json, go_name: &str, name: &str) -> Result<i128, String> {
    let fraction = |shown: &str| format!("expected an {name} value, but found numeric value '{shown}'");
    let fraction = |shown: &str| fraction(shown).replace("an uint", "a uint");
    match given {
        Json::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| number.as_f64().and_then(saturated))
            .ok_or_else(|| fraction(&number.to_string())),
        Json::String(text) => {
            let plain = text.strip_prefix('+').unwrap_or(text);
            if let Ok(found) = plain.parse() {
                return Ok(found);
            }
            let double = decimal(text).ok_or_else(|| {
                format!("expected a {go_name} value, but found invalid string value '{text}'")
            })?;
            saturated(double).ok_or_else(|| fraction(text))
        }
        _ => Err(expected(go_name, given)),
    }
}

/// An integral double; very large ones become the largest.
fn saturated(double: f64) -> Option<i128> {
    if double.fract() != 0.0 || double.is_nan() {
        return None;
    }
    whole(double).or(Some(if double > 0.0 { i128::from(u64::MAX) } else { i128::from(i64::MIN) }))
}

/// A decimal number; the names of no number are none.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    text.parse().ok().filter(|_| plain && !text.is_empty())
}

fn expected(wanted: &str, given: &Json) -> String {
    format!("expected type value '{wanted}', but found '{}'", go_type(given))
}

/// Messages name the types as upstream's language does.
fn go_type(given: &Json) -> &'static str {
    match given {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(_) => "float64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

fn go_value(given: &Json) -> String {
    match given {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
