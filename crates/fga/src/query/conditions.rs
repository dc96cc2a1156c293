//! Whether a tuple that was found counts now.

use serde_json::{Map, Value};

use super::known::Found;
use super::{Limits, Missing};
use crate::cel::Verdict;
use crate::error::Error;
use crate::plan::Plan;

/// The context of a request and how conditions are judged in it.
pub(super) struct Judge<'a> {
    pub(super) plan: &'a Plan,
    pub(super) context: &'a Map<String, Value>,
    pub(super) limits: Limits,
}

impl Judge<'_> {
    /// Whether the condition of a tuple, if it has one, is met. `tuple` is for the message.
    pub(super) fn met(&self, found: &Found, tuple: impl FnOnce() -> String) -> Result<bool, Error> {
        let Some(condition) = found.as_ref().filter(|condition| !condition.name.is_empty()) else {
            return Ok(true);
        };
        let name = &condition.name;
        let failed =
            |why: String| Error::validation(format!("failed to evaluate relationship condition: {why}"));
        let compiled =
            self.plan.condition(name).ok_or_else(|| failed(format!("'{name}' - condition was not found")))?;
        match compiled.evaluate(self.context, &condition.context, self.limits.condition_cost) {
            Ok(Verdict::Met) => Ok(true),
            Ok(Verdict::NotMet) => Ok(false),
            Ok(Verdict::Missing(_)) if self.limits.missing == Missing::Deny => Ok(false),
            Ok(Verdict::Missing(missing)) => {
                let list = missing.join(" ");
                let tuple = tuple();
                let mut error =
                    failed(format!("'{name}' - tuple '{tuple}' is missing context parameters '[{list}]'"));
                error.missing = missing;
                Err(error)
            }
            Err(error @ crate::cel::EvalError::Parameter(_)) => Err(failed(error.to_string())),
            Err(error) => Err(failed(format!("'{name}' - {error}"))),
        }
    }
}
