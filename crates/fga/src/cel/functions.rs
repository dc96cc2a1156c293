//! The functions: which types they take, what they give, what they do and cost.

use super::ast::Fault;
use super::check::no_overload;
use super::ip;
use super::time::{Duration, Timestamp};
use super::types::Type;
use super::value::{Value, whole};

/// One way to call a function: receiver, arguments, result.
type Overload = (Option<Type>, Vec<Type>, Type);

fn overloads(name: &str) -> Vec<Overload> {
    use Type::{Bool, Bytes, Double, Duration, Dyn, Int, Ip, String, Timestamp, Uint};
    let list = || Type::List(Box::new(Dyn));
    let map = || Type::Map(Box::new(Dyn), Box::new(Dyn));
    let from = |types: &[Type], result: Type| -> Vec<Overload> {
        types.iter().map(|taken| (None, vec![taken.clone()], result.clone())).collect()
    };
    match name {
        "size" => [String, Bytes, list(), map()]
            .into_iter()
            .flat_map(|of| [(None, vec![of.clone()], Int), (Some(of), Vec::new(), Int)])
            .collect(),
        "contains" | "startsWith" | "endsWith" => vec![(Some(String), vec![String], Bool)],
        "matches" => {
            vec![(Some(String), vec![String], Bool), (None, vec![String, String], Bool)]
        }
        "int" => from(&[Int, Uint, Double, String, Timestamp], Int),
        "uint" => from(&[Uint, Int, Double, String], Uint),
        "double" => from(&[Double, Int, Uint, String], Double),
        "string" => from(&[String, Bool, Int, Uint, Double, Bytes, Timestamp, Duration], String),
        "bool" => from(&[Bool, String], Bool),
        "bytes" => from(&[Bytes, String], Bytes),
        "duration" => from(&[Duration, String, Int], Duration),
        "timestamp" => from(&[Timestamp, String, Int], Timestamp),
        "dyn" => vec![(None, vec![Dyn], Dyn)],
        "ipaddress" => from(&[String], Ip),
        "in_cidr" => vec![(Some(Ip), vec![String], Bool)],
        "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" => {
            vec![(Some(Timestamp), Vec::new(), Int), (Some(Timestamp), vec![String], Int)]
        }
        "getHours" | "getMinutes" | "getSeconds" | "getMilliseconds" => vec![
            (Some(Timestamp), Vec::new(), Int),
            (Some(Timestamp), vec![String], Int),
            (Some(Duration), Vec::new(), Int),
        ],
        _ => Vec::new(),
    }
}

/// The type that a call gives.
pub(super) fn result(at: u32, name: &str, on: Option<&Type>, args: &[Type]) -> Result<Type, Fault> {
    let known = overloads(name);
    if known.is_empty() {
        return Err(Fault::new(at, format!("undeclared reference to '{name}' (in container '')")));
    }
    let fits = |(receiver, takes, _): &&Overload| {
        let receives = match (receiver, on) {
            (Some(receiver), Some(on)) => receiver.fits(on),
            (None, None) => true,
            _ => false,
        };
        receives
            && takes.len() == args.len()
            && takes.iter().zip(args).all(|(taken, given)| taken.fits(given))
    };
    known
        .iter()
        .find(fits)
        .map(|(_, _, result)| result.clone())
        .ok_or_else(|| no_overload(at, name, on, args))
}

/// A tenth, rounded up: what walking through a text costs.
pub(super) fn tenth(size: u64) -> u64 {
    size.div_ceil(10)
}

/// What a call costs.
pub(super) fn cost(name: &str, all: &[Value]) -> u64 {
    let size = |at: usize| all.get(at).map_or(1, Value::size);
    match name {
        "contains" => tenth(size(0)) * tenth(size(1)),
        "startsWith" | "endsWith" => tenth(size(1)),
        "matches" => tenth(size(0) + 1) * size(1).div_ceil(4),
        "bytes" | "string" => tenth(size(0)).max(1),
        _ => 1,
    }
}

/// Calls a function; the receiver, if any, is the first value.
pub(super) fn call(name: &str, all: &[Value]) -> Result<Value, String> {
    let no_such = || {
        let types: Vec<&str> = all.iter().map(Value::type_name).collect();
        format!("no such overload: {name}({})", types.join(", "))
    };
    let range = |what: &str| format!("{what} out of range");
    Ok(match (name, all) {
        ("size", [Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_)]) => {
            let size = all.first().map_or(0, Value::size);
            Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
        }
        ("contains", [Value::String(text), Value::String(part)]) => Value::Bool(text.contains(part.as_str())),
        ("startsWith", [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.starts_with(part.as_str()))
        }
        ("endsWith", [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.ends_with(part.as_str()))
        }
        ("matches", [Value::String(text), Value::String(pattern)]) => {
            let pattern = regex_lite::RegexBuilder::new(pattern)
                .size_limit(64 * 1024)
                .build()
                .map_err(|error| format!("error parsing regexp: {error}"))?;
            Value::Bool(pattern.is_match(text))
        }
        ("int", [Value::Int(number)]) => Value::Int(*number),
        ("int", [Value::Uint(number)]) => {
            Value::Int(i64::try_from(*number).map_err(|_| range("unsigned integer"))?)
        }
        ("int", [Value::Double(number)]) => {
            let whole = whole(number.trunc()).and_then(|whole| i64::try_from(whole).ok());
            Value::Int(whole.ok_or_else(|| range("double"))?)
        }
        ("int", [Value::String(text)]) => {
            Value::Int(text.parse().map_err(|_| format!("cannot convert '{text}' to int"))?)
        }
        ("int", [Value::Timestamp(moment)]) => Value::Int(moment.seconds()),
        ("uint", [Value::Uint(number)]) => Value::Uint(*number),
        ("uint", [Value::Int(number)]) => Value::Uint(u64::try_from(*number).map_err(|_| range("integer"))?),
        ("uint", [Value::Double(number)]) => {
            let whole = whole(number.trunc()).and_then(|whole| u64::try_from(whole).ok());
            Value::Uint(whole.ok_or_else(|| range("double"))?)
        }
        ("uint", [Value::String(text)]) => {
            Value::Uint(text.parse().map_err(|_| format!("cannot convert '{text}' to uint"))?)
        }
        ("double", [Value::Double(number)]) => Value::Double(*number),
        ("double", [Value::Int(number)]) => double(&number.to_string())?,
        ("double", [Value::Uint(number)]) => double(&number.to_string())?,
        ("double", [Value::String(text)]) => double(text)?,
        ("string", [value]) => Value::String(text(value).ok_or_else(no_such)?),
        ("bool", [Value::Bool(value)]) => Value::Bool(*value),
        ("bool", [Value::String(text)]) => match text.as_str() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Value::Bool(true),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Value::Bool(false),
            _ => return Err(format!("cannot convert '{text}' to bool")),
        },
        ("bytes", [Value::Bytes(bytes)]) => Value::Bytes(bytes.clone()),
        ("bytes", [Value::String(text)]) => Value::Bytes(text.clone().into_bytes()),
        ("duration", [Value::Duration(span)]) => Value::Duration(*span),
        ("duration", [Value::String(text)]) => {
            Value::Duration(Duration::parse(text).ok_or_else(|| format!("invalid duration '{text}'"))?)
        }
        ("duration", [Value::Int(seconds)]) => Value::Duration(
            Duration::of_nanos(i128::from(*seconds) * 1_000_000_000).ok_or_else(|| range("duration"))?,
        ),
        ("timestamp", [Value::Timestamp(moment)]) => Value::Timestamp(*moment),
        ("timestamp", [Value::String(text)]) => {
            Value::Timestamp(Timestamp::parse(text).ok_or_else(|| format!("invalid timestamp '{text}'"))?)
        }
        ("timestamp", [Value::Int(seconds)]) => {
            Value::Timestamp(Timestamp::new(*seconds).ok_or_else(|| range("timestamp"))?)
        }
        ("dyn", [value]) => value.clone(),
        ("ipaddress", [Value::String(text)]) => {
            Value::Ip(ip::parse(text).ok_or_else(|| format!("unable to parse IP address '{text}'"))?)
        }
        ("in_cidr", [Value::Ip(address), Value::String(network)]) => {
            Value::Bool(ip::in_cidr(address, network)?)
        }
        (_, [Value::Timestamp(moment)]) => Value::Int(part(name, *moment, None)?.ok_or_else(no_such)?),
        (_, [Value::Timestamp(moment), Value::String(zone)]) => {
            Value::Int(part(name, *moment, Some(zone))?.ok_or_else(no_such)?)
        }
        (_, [Value::Duration(span)]) => Value::Int(match name {
            "getHours" => span.0 / 3_600_000_000_000,
            "getMinutes" => span.0 / 60_000_000_000,
            "getSeconds" => span.0 / 1_000_000_000,
            "getMilliseconds" => span.0 / 1_000_000 % 1_000,
            _ => return Err(no_such()),
        }),
        _ => return Err(no_such()),
    })
}

fn double(text: &str) -> Result<Value, String> {
    text.parse().map(Value::Double).map_err(|_| format!("cannot convert '{text}' to double"))
}

fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok()?,
        Value::Timestamp(moment) => moment.to_string(),
        Value::Duration(span) => span.to_string(),
        _ => return None,
    })
}

/// A part of a moment; nothing for a name that is none.
fn part(name: &str, moment: Timestamp, zone: Option<&str>) -> Result<Option<i64>, String> {
    let parts = moment.parts(zone)?;
    Ok(Some(match name {
        "getFullYear" => parts.year,
        "getMonth" => parts.month - 1,
        "getDate" => parts.day,
        "getDayOfMonth" => parts.day - 1,
        "getDayOfWeek" => parts.weekday,
        "getDayOfYear" => parts.yearday,
        "getHours" => parts.hour,
        "getMinutes" => parts.minute,
        "getSeconds" => parts.second,
        "getMilliseconds" => parts.nanos / 1_000_000,
        _ => return Ok(None),
    }))
}
