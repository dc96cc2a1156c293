//! Conditions: the part of CEL (the Common Expression Language) that OpenFGA's conditions use. An expression is parsed and type-checked when a
//! model is written, and evaluated with a bound on its cost. No CEL library both type-checks and stays small as WebAssembly; this one does.
//!
//! Left out: messages and their construction, `type()`, optionals, named time zones (`UTC` and `+hh:mm` work).

mod ast;
mod check;
mod convert;
mod eval;
mod functions;
mod ip;
mod lexer;
mod parse;
mod time;
mod types;
mod value;

use std::collections::BTreeMap;
use std::fmt;

pub use eval::EvalError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
pub use types::Type;

use self::ast::Ast;
use crate::model::{self, ParamType};

/// What an evaluation may cost by default, in CEL's units.
pub const MAX_COST: u64 = 100;

/// A condition, ready to be evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Its name in the model.
    pub name: String,
    parameters: BTreeMap<String, Type>,
    ast: Ast,
}

/// Why a condition of a model is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// The condition.
    pub condition: String,
    /// What is wrong, for people; for faults of the expression with line, column and a pointer to the place.
    pub cause: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to compile expression on condition '{}' - {}", self.condition, self.cause)
    }
}

/// Why a context does not fit a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    /// The condition.
    pub condition: String,
    /// What is wrong, for people.
    pub cause: String,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter type error on condition '{}' - {}", self.condition, self.cause)
    }
}

/// What came of an evaluation that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The condition holds.
    Met,
    /// It does not.
    NotMet,
    /// These declared parameters are in no context. Nothing can be said, not even where the others would decide.
    Missing(Vec<String>),
}

impl Condition {
    /// Parses and type-checks a condition.
    ///
    /// # Errors
    /// [`CompileError`] for an unknown type of a parameter, a fault of the expression, or a result that is no bool.
    pub fn compile(condition: &model::Condition) -> Result<Self, CompileError> {
        let name = &condition.name;
        let refused = |cause: String| CompileError { condition: name.clone(), cause };
        let mut parameters = BTreeMap::new();
        for (parameter, declared) in &condition.parameters {
            let found = Type::of(declared).map_err(|why| {
                refused(format!("failed to decode parameter type for parameter '{parameter}': {why}"))
            })?;
            parameters.insert(parameter.clone(), found);
        }
        let shown = |fault: &ast::Fault| fault.shown(name, &condition.expression);
        let ast = parse::parse(&condition.expression).map_err(|fault| refused(shown(&fault)))?;
        match check::check(&ast, &parameters).map_err(|fault| refused(shown(&fault)))? {
            Type::Bool => Ok(Self { name: name.clone(), parameters, ast }),
            other => Err(refused(format!("expected a bool condition expression output, but got '{other}'"))),
        }
    }

    /// Evaluates with a context; where both say something, what the tuple stores wins over what the request brings.
    ///
    /// # Errors
    /// [`EvalError`]: a parameter of another type than declared, a fault during evaluation, too high a cost.
    pub fn evaluate(
        &self,
        request: &Map<String, Json>,
        stored: &Map<String, Json>,
        max_cost: u64,
    ) -> Result<Verdict, EvalError> {
        let find = |name: &str| stored.get(name).or_else(|| request.get(name));
        let mut variables = BTreeMap::new();
        let mut missing = Vec::new();
        if self.parameters.is_empty() && !(request.is_empty() && stored.is_empty()) {
            return Err(EvalError::Parameter(
                self.refused("no parameters defined for the condition".to_owned()),
            ));
        }
        for (name, declared) in &self.parameters {
            match find(name) {
                Some(given) => {
                    variables.insert(
                        name.as_str(),
                        self.convert(name, declared, given).map_err(EvalError::Parameter)?,
                    );
                }
                None => missing.push(name.clone()),
            }
        }
        if !missing.is_empty() {
            return Ok(Verdict::Missing(missing));
        }
        match eval::evaluate(&self.ast, &variables, max_cost)? {
            value::Value::Bool(true) => Ok(Verdict::Met),
            value::Value::Bool(false) => Ok(Verdict::NotMet),
            _ => Err(EvalError::Failed("failed to convert condition output to bool".to_owned())),
        }
    }

    /// Whether a context may be stored with a tuple: every key declared, every value of its type.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn admits(&self, stored: &Map<String, Json>) -> Result<(), String> {
        if stored.is_empty() {
            return Ok(());
        }
        if self.parameters.is_empty() {
            return Err(self.refused("no parameters defined for the condition".to_owned()).to_string());
        }
        for (name, declared) in &self.parameters {
            if let Some(given) = stored.get(name) {
                self.convert(name, declared, given).map_err(|error| error.to_string())?;
            }
        }
        match stored.keys().find(|key| !self.parameters.contains_key(*key)) {
            Some(key) => Err(format!("found invalid context parameter: {key}")),
            None => Ok(()),
        }
    }

    /// The declared parameters and their types.
    pub fn parameters(&self) -> &BTreeMap<String, Type> {
        &self.parameters
    }

    fn refused(&self, cause: String) -> ParameterError {
        ParameterError { condition: self.name.clone(), cause }
    }

    fn convert(&self, name: &str, declared: &Type, given: &Json) -> Result<value::Value, ParameterError> {
        convert::convert(declared, given)
            .map_err(|why| self.refused(format!("failed to convert context parameter '{name}': {why}")))
    }
}

impl Type {
    /// The type that a model declares.
    fn of(declared: &ParamType) -> Result<Self, String> {
        use model::TypeName as T;
        let generics = declared.generic_types.len();
        let wanted = usize::from(matches!(declared.type_name, T::TypeNameMap | T::TypeNameList));
        if declared.type_name == T::TypeNameUnspecified {
            return Err("unknown condition parameter type `TYPE_NAME_UNSPECIFIED`".to_owned());
        }
        if generics != wanted {
            let name = format!("TYPE_NAME_{}", declared.type_name.word().to_uppercase());
            return Err(format!(
                "condition parameter type `{name}` requires {wanted} generic types; found {generics}"
            ));
        }
        let held = || declared.generic_types.first().map_or(Ok(Self::Dyn), Self::of).map(Box::new);
        Ok(match declared.type_name {
            T::TypeNameUnspecified | T::TypeNameAny => Self::Dyn,
            T::TypeNameBool => Self::Bool,
            T::TypeNameString => Self::String,
            T::TypeNameInt => Self::Int,
            T::TypeNameUint => Self::Uint,
            T::TypeNameDouble => Self::Double,
            T::TypeNameDuration => Self::Duration,
            T::TypeNameTimestamp => Self::Timestamp,
            T::TypeNameIpaddress => Self::Ip,
            T::TypeNameList => Self::List(held()?),
            T::TypeNameMap => Self::Map(Box::new(Self::String), held()?),
        })
    }
}

#[cfg(test)]
mod tests;
