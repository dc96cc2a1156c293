//! Values while an expression is evaluated.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::time::{Duration, Timestamp};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    /// Keys are what CEL allows as keys; few, so a list does.
    Map(Vec<(Value, Value)>),
    Duration(Duration),
    Timestamp(Timestamp),
    Ip(IpAddr),
}

impl Value {
    /// As messages name its type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Ip(_) => "IPAddress",
        }
    }

    /// What its size counts in the cost of operations: characters, bytes, elements, else one.
    pub(super) fn size(&self) -> u64 {
        let size = match self {
            Self::String(text) => text.chars().count(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            _ => 1,
        };
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    /// Equality: numbers by value whatever their types, other values of different types are different.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::String(one), Self::String(other)) => one == other,
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            (Self::Duration(one), Self::Duration(other)) => one == other,
            (Self::Timestamp(one), Self::Timestamp(other)) => one == other,
            (Self::Ip(one), Self::Ip(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Self::Map(one), Self::Map(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .all(|(key, value)| lookup(other, key).is_some_and(|found| found.same(value)))
            }
            _ => numbers(self, other) == Some(Ordering::Equal),
        }
    }

    /// Order, for values that have one with each other.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::String(one), Self::String(other)) => Some(one.cmp(other)),
            (Self::Bytes(one), Self::Bytes(other)) => Some(one.cmp(other)),
            (Self::Duration(one), Self::Duration(other)) => Some(one.cmp(other)),
            (Self::Timestamp(one), Self::Timestamp(other)) => Some(one.cmp(other)),
            _ => numbers(self, other),
        }
    }

    /// Whether the two are numbers, so that only a NaN keeps them without an order.
    pub(super) fn both_numbers(&self, other: &Self) -> bool {
        let number = |value: &Self| matches!(value, Self::Int(_) | Self::Uint(_) | Self::Double(_));
        number(self) && number(other)
    }
}

/// The value of a key.
pub(super) fn lookup<'a>(entries: &'a [(Value, Value)], key: &Value) -> Option<&'a Value> {
    entries.iter().find(|(known, _)| known.same(key)).map(|(_, value)| value)
}

fn numbers(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (Value::Uint(one), Value::Uint(other)) => Some(one.cmp(other)),
        (Value::Int(one), Value::Uint(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Uint(one), Value::Int(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Double(one), Value::Double(other)) => one.partial_cmp(other),
        (Value::Double(one), Value::Int(other)) => double_and_int(*one, i128::from(*other)),
        (Value::Double(one), Value::Uint(other)) => double_and_int(*one, i128::from(*other)),
        (Value::Int(one), Value::Double(other)) => {
            double_and_int(*other, i128::from(*one)).map(Ordering::reverse)
        }
        (Value::Uint(one), Value::Double(other)) => {
            double_and_int(*other, i128::from(*one)).map(Ordering::reverse)
        }
        _ => None,
    }
}

/// Exact: the integer is never rounded.
fn double_and_int(double: f64, int: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    match whole(double.trunc()) {
        // Same integral part: the fraction decides.
        Some(integral) => {
            Some(integral.cmp(&int).then_with(|| double.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal)))
        }
        None if double > 0.0 => Some(Ordering::Greater),
        None => Some(Ordering::Less),
    }
}

/// An integral double as an integer, where it is smaller than 2^65.
pub(super) fn whole(double: f64) -> Option<i128> {
    if !double.is_finite() || double.fract() != 0.0 || double.abs() >= 36_893_488_147_419_103_232.0 {
        return None;
    }
    // Through text: exact, and without casts that round in silence.
    format!("{double:.0}").parse().ok()
}
