//! Evaluation, with every step on the bill: an expression that costs too much is stopped.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use super::ParameterError;
use super::ast::{Ast, Expr, Fold, Op};
use super::functions::{self, tenth};
use super::time::Duration;
use super::value::{Value, lookup};

/// Why an evaluation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvalError {
    /// A parameter is not of its declared type.
    Parameter(ParameterError),
    /// The expression failed: a division by zero, an index out of bounds, a missing key.
    Failed(String),
    /// It would cost more than allowed.
    TooExpensive,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::Failed(why) => write!(f, "failed to evaluate condition expression: {why}"),
            Self::TooExpensive => f.write_str(
                "failed to evaluate condition expression: operation cancelled: actual cost limit exceeded",
            ),
        }
    }
}

/// Evaluates an expression.
pub(super) fn evaluate(
    ast: &Ast,
    variables: &BTreeMap<&str, Value>,
    max_cost: u64,
) -> Result<Value, EvalError> {
    Evaluation { variables, inner: Vec::new(), cost: 0, max_cost }.value(ast)
}

struct Evaluation<'a> {
    variables: &'a BTreeMap<&'a str, Value>,
    /// The variables of folds, innermost last.
    inner: Vec<(&'a str, Value)>,
    cost: u64,
    max_cost: u64,
}

fn failed(why: impl Into<String>) -> EvalError {
    EvalError::Failed(why.into())
}

impl<'a> Evaluation<'a> {
    fn pay(&mut self, cost: u64) -> Result<(), EvalError> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.max_cost { Err(EvalError::TooExpensive) } else { Ok(()) }
    }

    fn value(&mut self, ast: &'a Ast) -> Result<Value, EvalError> {
        Ok(match &ast.expr {
            Expr::Null => Value::Null,
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(number) => Value::Int(*number),
            Expr::Uint(number) => Value::Uint(*number),
            Expr::Double(number) => Value::Double(*number),
            Expr::String(text) => Value::String(text.clone()),
            Expr::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Expr::List(items) => {
                self.pay(10)?;
                Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            Expr::Map(entries) => {
                self.pay(30)?;
                let mut found: Vec<(Value, Value)> = Vec::new();
                for (key, value) in entries {
                    let key = self.value(key)?;
                    if lookup(&found, &key).is_some() {
                        return Err(failed("duplicate map key"));
                    }
                    let value = self.value(value)?;
                    found.push((key, value));
                }
                Value::Map(found)
            }
            Expr::Ident(name) => {
                self.pay(1)?;
                let inner = self.inner.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
                inner
                    .or_else(|| self.variables.get(name.as_str()))
                    .cloned()
                    .ok_or_else(|| failed(format!("no such attribute(s): {name}")))?
            }
            Expr::Select { of, field } => {
                self.field(of, field)?.ok_or_else(|| failed(format!("no such key: {field}")))?
            }
            Expr::Has { of, field } => Value::Bool(self.field(of, field)?.is_some()),
            Expr::Index { of, at } => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                self.pay(1)?;
                index(&of, &at)?
            }
            Expr::Not(of) => match self.value(of)? {
                Value::Bool(value) => {
                    self.pay(1)?;
                    Value::Bool(!value)
                }
                other => return Err(no_overload("!_", &[&other])),
            },
            Expr::Negate(of) => {
                let value = self.value(of)?;
                self.pay(1)?;
                match value {
                    Value::Int(number) => Value::Int(number.checked_neg().ok_or_else(overflow)?),
                    Value::Double(number) => Value::Double(-number),
                    other => return Err(no_overload("-_", &[&other])),
                }
            }
            Expr::And(left, right) => self.logic(left, right, false)?,
            Expr::Or(left, right) => self.logic(left, right, true)?,
            Expr::If { when, then, otherwise } => match self.value(when)? {
                Value::Bool(true) => self.value(then)?,
                Value::Bool(false) => self.value(otherwise)?,
                other => return Err(no_overload("_?_:_", &[&other])),
            },
            Expr::Binary { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.pay(operator_cost(*op, &left, &right))?;
                binary(*op, &left, &right)?
            }
            Expr::Call { name, on, args } => {
                let mut all = Vec::new();
                for value in on.as_deref().into_iter().chain(args) {
                    all.push(self.value(value)?);
                }
                self.pay(functions::cost(name, &all))?;
                functions::call(name, &all).map_err(EvalError::Failed)?
            }
            Expr::Fold { kind, over, var, filter, body } => {
                self.fold(*kind, over, var, filter.as_deref(), body)?
            }
        })
    }

    fn field(&mut self, of: &'a Ast, field: &str) -> Result<Option<Value>, EvalError> {
        let of = self.value(of)?;
        self.pay(1)?;
        match &of {
            Value::Map(entries) => Ok(lookup(entries, &Value::String(field.to_owned())).cloned()),
            other => Err(failed(format!("type {} does not support field selection", other.type_name()))),
        }
    }

    /// `&&` and `||`: an operand that decides makes a fault of the other one irrelevant, on either side.
    fn logic(&mut self, left: &'a Ast, right: &'a Ast, decides: bool) -> Result<Value, EvalError> {
        let mut answer = Ok(Value::Bool(!decides));
        for operand in [left, right] {
            match self.value(operand) {
                Ok(Value::Bool(value)) if value == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => {}
                Ok(other) if answer.is_ok() => {
                    answer = Err(no_overload(if decides { "_||_" } else { "_&&_" }, &[&other]));
                }
                Err(EvalError::TooExpensive) => return Err(EvalError::TooExpensive),
                Err(error) if answer.is_ok() => answer = Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        answer
    }

    fn test(&mut self, body: &'a Ast) -> Result<bool, EvalError> {
        match self.value(body)? {
            Value::Bool(value) => Ok(value),
            other => Err(no_overload("_?_:_", &[&other])),
        }
    }

    fn fold(
        &mut self,
        kind: Fold,
        over: &'a Ast,
        var: &'a str,
        filter: Option<&'a Ast>,
        body: &'a Ast,
    ) -> Result<Value, EvalError> {
        let items = match self.value(over)? {
            Value::List(items) => items,
            Value::Map(entries) => entries.into_iter().map(|(key, _)| key).collect(),
            other => return Err(failed(format!("got '{}', expected iterable type", other.type_name()))),
        };
        let mut list = Vec::new();
        let mut count = 0_usize;
        let mut fault = None;
        for item in items {
            // What CEL's own loop around the body costs.
            self.pay(match kind {
                Fold::Exists => 3,
                Fold::All => 2,
                Fold::ExistsOne | Fold::Map | Fold::Filter => 1,
            })?;
            self.inner.push((var, item.clone()));
            let turn = self.turn(kind, filter, body);
            self.inner.pop();
            match (kind, turn) {
                (_, Err(EvalError::TooExpensive)) => return Err(EvalError::TooExpensive),
                // One element that decides makes faults of others irrelevant.
                (Fold::All | Fold::Exists, Err(error)) => {
                    fault.get_or_insert(error);
                }
                (_, Err(error)) => return Err(error),
                (Fold::All, Ok(Some(Value::Bool(false)))) => return Ok(Value::Bool(false)),
                (Fold::Exists, Ok(Some(Value::Bool(true)))) => return Ok(Value::Bool(true)),
                (Fold::ExistsOne, Ok(Some(Value::Bool(true)))) => count += 1,
                (Fold::Filter, Ok(Some(Value::Bool(true)))) => list.push(item),
                (Fold::Map, Ok(Some(value))) => list.push(value),
                _ => {}
            }
        }
        self.pay(1)?;
        match (kind, fault) {
            (_, Some(error)) => Err(error),
            (Fold::All, None) => Ok(Value::Bool(true)),
            (Fold::Exists, None) => Ok(Value::Bool(false)),
            (Fold::ExistsOne, None) => Ok(Value::Bool(count == 1)),
            (Fold::Map | Fold::Filter, None) => Ok(Value::List(list)),
        }
    }

    /// One turn of a fold: what the body gives, or nothing where the filter of `map` says no.
    fn turn(
        &mut self,
        kind: Fold,
        filter: Option<&'a Ast>,
        body: &'a Ast,
    ) -> Result<Option<Value>, EvalError> {
        if kind == Fold::Map {
            if let Some(filter) = filter
                && !self.test(filter)?
            {
                return Ok(None);
            }
            let value = self.value(body)?;
            self.pay(11)?;
            return Ok(Some(value));
        }
        let chosen = self.test(body)?;
        if chosen && kind == Fold::Filter {
            self.pay(11)?;
        }
        Ok(Some(Value::Bool(chosen)))
    }
}

fn overflow() -> EvalError {
    failed("return error for overflow")
}

fn no_overload(name: &str, values: &[&Value]) -> EvalError {
    let types: Vec<&str> = values.iter().map(|value| value.type_name()).collect();
    failed(format!("no such overload: {name} applied to ({})", types.join(", ")))
}

fn index(of: &Value, at: &Value) -> Result<Value, EvalError> {
    match (of, at) {
        (Value::Map(entries), key) => {
            lookup(entries, key).cloned().ok_or_else(|| failed(format!("no such key: {}", shown(key))))
        }
        (Value::List(items), at) => {
            let place = match at {
                Value::Int(at) => usize::try_from(*at).ok(),
                Value::Uint(at) => usize::try_from(*at).ok(),
                Value::Double(at) => super::value::whole(*at).and_then(|whole| usize::try_from(whole).ok()),
                other => {
                    return Err(failed(format!("unsupported index type '{}' in list", other.type_name())));
                }
            };
            let found = place.and_then(|place| items.get(place)).cloned();
            found.ok_or_else(|| failed(format!("index out of bounds: {}", shown(at))))
        }
        (other, _) => Err(no_overload("_[_]", &[other, at])),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        other => other.type_name().to_owned(),
    }
}

fn operator_cost(op: Op, left: &Value, right: &Value) -> u64 {
    let texts = |value: &Value| matches!(value, Value::String(_) | Value::Bytes(_));
    match op {
        Op::In => match right {
            Value::List(_) => right.size(),
            _ => 1,
        },
        Op::Equal | Op::NotEqual => tenth(left.size().min(right.size())).max(1),
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual if texts(left) => {
            tenth(left.size().min(right.size())).max(1)
        }
        Op::Add if texts(left) => tenth(left.size().saturating_add(right.size())),
        _ => 1,
    }
}

fn binary(op: Op, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let order = |wanted: fn(Ordering) -> bool| match left.order(right) {
        Some(order) => Ok(Value::Bool(wanted(order))),
        // A NaN is in no order with any number.
        None if left.both_numbers(right) => Ok(Value::Bool(false)),
        None => Err(no_overload(op.shown(), &[left, right])),
    };
    match op {
        Op::Equal => Ok(Value::Bool(left.same(right))),
        Op::NotEqual => Ok(Value::Bool(!left.same(right))),
        Op::Less => order(Ordering::is_lt),
        Op::LessEqual => order(Ordering::is_le),
        Op::Greater => order(Ordering::is_gt),
        Op::GreaterEqual => order(Ordering::is_ge),
        Op::In => match right {
            Value::List(items) => Ok(Value::Bool(items.iter().any(|item| item.same(left)))),
            Value::Map(entries) => Ok(Value::Bool(lookup(entries, left).is_some())),
            _ => Err(no_overload(op.shown(), &[left, right])),
        },
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo => arithmetic(op, left, right),
    }
}

fn arithmetic(op: Op, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let span = |nanos: Option<i64>| nanos.map(|nanos| Value::Duration(Duration(nanos))).ok_or_else(overflow);
    let zero = || failed(if op == Op::Modulo { "modulus by zero" } else { "division by zero" });
    Ok(match (op, left, right) {
        (Op::Divide | Op::Modulo, _, Value::Int(0) | Value::Uint(0)) if left.both_numbers(right) => {
            return Err(zero());
        }
        (_, Value::Int(left), Value::Int(right)) => Value::Int(
            match op {
                Op::Add => left.checked_add(*right),
                Op::Subtract => left.checked_sub(*right),
                Op::Multiply => left.checked_mul(*right),
                Op::Divide => left.checked_div(*right),
                _ => left.checked_rem(*right),
            }
            .ok_or_else(overflow)?,
        ),
        (_, Value::Uint(left), Value::Uint(right)) => Value::Uint(
            match op {
                Op::Add => left.checked_add(*right),
                Op::Subtract => left.checked_sub(*right),
                Op::Multiply => left.checked_mul(*right),
                Op::Divide => left.checked_div(*right),
                _ => left.checked_rem(*right),
            }
            .ok_or_else(overflow)?,
        ),
        (Op::Add, Value::Double(left), Value::Double(right)) => Value::Double(left + right),
        (Op::Subtract, Value::Double(left), Value::Double(right)) => Value::Double(left - right),
        (Op::Multiply, Value::Double(left), Value::Double(right)) => Value::Double(left * right),
        (Op::Divide, Value::Double(left), Value::Double(right)) => Value::Double(left / right),
        (Op::Add, Value::String(left), Value::String(right)) => Value::String(format!("{left}{right}")),
        (Op::Add, Value::Bytes(left), Value::Bytes(right)) => Value::Bytes([left.as_slice(), right].concat()),
        (Op::Add, Value::List(left), Value::List(right)) => Value::List([left.as_slice(), right].concat()),
        (Op::Add, Value::Duration(left), Value::Duration(right)) => span(left.0.checked_add(right.0))?,
        (Op::Subtract, Value::Duration(left), Value::Duration(right)) => span(left.0.checked_sub(right.0))?,
        (Op::Add, Value::Timestamp(moment), Value::Duration(span))
        | (Op::Add, Value::Duration(span), Value::Timestamp(moment)) => {
            Value::Timestamp(moment.plus(*span).ok_or_else(overflow)?)
        }
        (Op::Subtract, Value::Timestamp(moment), Value::Duration(span)) => {
            Value::Timestamp(moment.minus(*span).ok_or_else(overflow)?)
        }
        (Op::Subtract, Value::Timestamp(later), Value::Timestamp(earlier)) => {
            Value::Duration(later.since(*earlier).ok_or_else(overflow)?)
        }
        _ => return Err(no_overload(op.shown(), &[left, right])),
    })
}
