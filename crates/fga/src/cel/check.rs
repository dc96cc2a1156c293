//! The types of an expression, found before it is ever evaluated.

use std::collections::BTreeMap;

use super::ast::{Ast, Expr, Fault, Fold, Op};
use super::functions;
use super::types::Type;

/// The type of an expression over parameters.
pub(super) fn check(ast: &Ast, parameters: &BTreeMap<String, Type>) -> Result<Type, Fault> {
    let mut scope: Vec<(&str, Type)> =
        parameters.iter().map(|(name, found)| (name.as_str(), found.clone())).collect();
    Checker { scope: &mut scope }.of(ast)
}

struct Checker<'s, 'a> {
    /// Inner variables hide outer ones.
    scope: &'s mut Vec<(&'a str, Type)>,
}

/// No variant of an operator or function takes these types.
pub(super) fn no_overload(at: u32, name: &str, on: Option<&Type>, args: &[Type]) -> Fault {
    let list = args.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let applied = match on {
        Some(on) => format!("{on}.({list})"),
        None => format!("({list})"),
    };
    Fault::new(at, format!("found no matching overload for '{name}' applied to '{applied}'"))
}

impl<'a> Checker<'_, 'a> {
    fn of(&mut self, ast: &'a Ast) -> Result<Type, Fault> {
        let at = ast.at;
        Ok(match &ast.expr {
            Expr::Null => Type::Null,
            Expr::Bool(_) => Type::Bool,
            Expr::Int(_) => Type::Int,
            Expr::Uint(_) => Type::Uint,
            Expr::Double(_) => Type::Double,
            Expr::String(_) => Type::String,
            Expr::Bytes(_) => Type::Bytes,
            Expr::List(items) => Type::List(Box::new(self.joined(items.iter())?)),
            Expr::Map(entries) => Type::Map(
                Box::new(self.joined(entries.iter().map(|(key, _)| key))?),
                Box::new(self.joined(entries.iter().map(|(_, value)| value))?),
            ),
            Expr::Ident(name) => {
                let found = self.scope.iter().rev().find(|(known, _)| known == name);
                let undeclared =
                    || Fault::new(at, format!("undeclared reference to '{name}' (in container '')"));
                found.map(|(_, of)| of.clone()).ok_or_else(undeclared)?
            }
            Expr::Select { of, .. } => self.field(at, of)?,
            Expr::Has { of, .. } => self.field(at, of).map(|_| Type::Bool)?,
            Expr::Index { of, at: index } => {
                let (of, index) = (self.of(of)?, self.of(index)?);
                match &of {
                    Type::Dyn => Type::Dyn,
                    Type::List(held) if Type::Int.fits(&index) => held.as_ref().clone(),
                    Type::Map(key, value) if key.fits(&index) => value.as_ref().clone(),
                    _ => return Err(no_overload(at, "_[_]", None, &[of, index])),
                }
            }
            Expr::Not(of) => self.unary(at, "!_", of, &[Type::Bool])?,
            Expr::Negate(of) => self.unary(at, "-_", of, &[Type::Int, Type::Double])?,
            Expr::And(left, right) => self.logic(at, "_&&_", left, right)?,
            Expr::Or(left, right) => self.logic(at, "_||_", left, right)?,
            Expr::If { when, then, otherwise } => {
                let types = [self.of(when)?, self.of(then)?, self.of(otherwise)?];
                let [when, then, otherwise] = &types;
                if !when.fits(&Type::Bool) || !then.fits(otherwise) {
                    return Err(no_overload(at, "_?_:_", None, &types));
                }
                then.clone().joined(otherwise.clone())
            }
            Expr::Binary { op, left, right } => {
                let (left, right) = (self.of(left)?, self.of(right)?);
                binary(*op, &left, &right).ok_or_else(|| no_overload(at, op.shown(), None, &[left, right]))?
            }
            Expr::Call { name, on, args } => {
                let on = on.as_ref().map(|on| self.of(on)).transpose()?;
                let args = args.iter().map(|arg| self.of(arg)).collect::<Result<Vec<_>, _>>()?;
                functions::result(at, name, on.as_ref(), &args)?
            }
            Expr::Fold { kind, over, var, filter, body } => {
                self.fold(at, *kind, over, var, filter.as_deref(), body)?
            }
        })
    }

    fn joined(&mut self, items: impl Iterator<Item = &'a Ast>) -> Result<Type, Fault> {
        let mut all: Option<Type> = None;
        for item in items {
            let found = self.of(item)?;
            all = Some(match all {
                Some(before) => before.joined(found),
                None => found,
            });
        }
        Ok(all.unwrap_or(Type::Dyn))
    }

    fn field(&mut self, at: u32, of: &'a Ast) -> Result<Type, Fault> {
        match self.of(of)? {
            Type::Dyn => Ok(Type::Dyn),
            Type::Map(key, value) if key.fits(&Type::String) => Ok(*value),
            other => Err(Fault::new(at, format!("type '{other}' does not support field selection"))),
        }
    }

    fn unary(&mut self, at: u32, name: &str, of: &'a Ast, takes: &[Type]) -> Result<Type, Fault> {
        let found = self.of(of)?;
        if !takes.iter().any(|taken| taken.fits(&found)) {
            return Err(no_overload(at, name, None, &[found]));
        }
        Ok(match (takes, found) {
            ([only], _) => only.clone(),
            (_, found) => found,
        })
    }

    fn logic(&mut self, at: u32, name: &str, left: &'a Ast, right: &'a Ast) -> Result<Type, Fault> {
        let types = [self.of(left)?, self.of(right)?];
        if types.iter().all(|found| found.fits(&Type::Bool)) {
            return Ok(Type::Bool);
        }
        Err(no_overload(at, name, None, &types))
    }

    fn fold(
        &mut self,
        at: u32,
        kind: Fold,
        over: &'a Ast,
        var: &'a str,
        filter: Option<&'a Ast>,
        body: &'a Ast,
    ) -> Result<Type, Fault> {
        let held = match self.of(over)? {
            Type::Dyn => Type::Dyn,
            Type::List(held) => *held,
            Type::Map(key, _) => *key,
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                return Err(Fault::new(over.at, message));
            }
        };
        self.scope.push((var, held.clone()));
        let filter = filter.map(|filter| self.of(filter)).transpose();
        let body = self.of(body);
        self.scope.pop();
        let (filter, body) = (filter?, body?);
        let test = if kind == Fold::Map { filter.as_ref() } else { Some(&body) };
        if let Some(test) = test
            && !test.fits(&Type::Bool)
        {
            return Err(Fault::new(at, format!("expected type 'bool' but found '{test}'")));
        }
        Ok(match kind {
            Fold::All | Fold::Exists | Fold::ExistsOne => Type::Bool,
            Fold::Map => Type::List(Box::new(body)),
            Fold::Filter => Type::List(Box::new(held)),
        })
    }
}

/// The result of an operator, if it takes these operands.
fn binary(op: Op, left: &Type, right: &Type) -> Option<Type> {
    use Type::{Bool, Bytes, Double, Duration, Dyn, Int, List, Map, String, Timestamp, Uint};
    let same = |takes: &[Type]| {
        let taken = takes.iter().find(|taken| taken.fits(left) && taken.fits(right))?;
        Some(if *left == Dyn && *right == Dyn { Dyn } else { taken.clone() })
    };
    match op {
        Op::Equal | Op::NotEqual => left.fits(right).then_some(Bool),
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => {
            same(&[Bool, Int, Uint, Double, String, Bytes, Timestamp, Duration]).map(|_| Bool)
        }
        Op::In => match right {
            Dyn => Some(Bool),
            List(held) => held.fits(left).then_some(Bool),
            Map(key, _) => key.fits(left).then_some(Bool),
            _ => None,
        },
        Op::Add => match (left, right) {
            (List(_), List(_)) => left.fits(right).then(|| left.clone().joined(right.clone())),
            (List(_), Dyn) => Some(left.clone()),
            (Dyn, List(_)) => Some(right.clone()),
            (Timestamp, Duration | Dyn) | (Duration | Dyn, Timestamp) => Some(Timestamp),
            (Duration, Dyn) | (Dyn, Duration) => Some(Dyn),
            _ => same(&[Int, Uint, Double, String, Bytes, Duration]),
        },
        Op::Subtract => match (left, right) {
            (Timestamp, Timestamp) => Some(Duration),
            (Timestamp, Duration) => Some(Timestamp),
            (Timestamp, Dyn) | (Dyn, Timestamp | Duration) => Some(Dyn),
            _ => same(&[Int, Uint, Double, Duration]),
        },
        Op::Multiply | Op::Divide => same(&[Int, Uint, Double]),
        Op::Modulo => same(&[Int, Uint]),
    }
}
