//! What a write may hold, and what is told when it collides with what is stored.

use std::collections::BTreeSet;

use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::tuple::{self, TupleKey};

/// The most tuples of a write, written and deleted ones together.
pub const MAX_TUPLES: usize = 100;

/// What to do with a tuple that is already there, or already gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Refuse the whole write.
    #[default]
    Error,
    /// Leave it as it is.
    Ignore,
}

impl OnConflict {
    /// Reads `on_duplicate` or `on_missing`.
    ///
    /// # Errors
    /// 2000 for another word.
    pub fn parse(option: &str, word: &str) -> Result<Self, Error> {
        match word {
            "" | "error" => Ok(Self::Error),
            "ignore" => Ok(Self::Ignore),
            _ => Err(Error::validation(format!("invalid {option} option: {word}"))),
        }
    }
}

/// Validates a write against the model, if it writes anything (deletes need none). Deletes are applied first.
///
/// # Errors
/// 2003 for nothing to do, 2000 for invalid tuples, 2004 for a tuple that stands twice, 2053 for too many.
pub fn validate(plan: Option<&Plan>, writes: &[TupleKey], deletes: &[TupleKey]) -> Result<(), Error> {
    if writes.is_empty() && deletes.is_empty() {
        return Err(Error::new(
            Code::InvalidWriteInput,
            "Invalid input. Make sure you provide at least one write, or at least one delete",
        ));
    }
    if let Some(plan) = plan {
        writes.iter().try_for_each(|tuple| plan.validate_write(tuple))?;
    }
    for tuple in deletes {
        if !tuple::is_user(&tuple.user) || tuple.user.chars().count() > tuple::MAX_USER {
            return Err(Error::validation(format!(
                "Invalid tuple '{tuple}'. Reason: the 'user' field is malformed"
            )));
        }
    }
    let mut seen = BTreeSet::new();
    for tuple in deletes.iter().chain(writes) {
        if !seen.insert((&tuple.object, &tuple.relation, &tuple.user)) {
            return Err(Error::new(
                Code::DuplicateTuplesInOneRequest,
                format!("duplicate tuple in write: {}", fields(tuple)),
            ));
        }
    }
    if seen.len() > MAX_TUPLES {
        return Err(Error::exceeded("write operations", MAX_TUPLES));
    }
    Ok(())
}

/// The answer to writing a tuple that is already there.
pub fn already_there(tuple: &TupleKey) -> Error {
    Error::new(
        Code::WriteFailedDueToInvalidInput,
        format!(
            "cannot write a tuple which already exists: {}: tuple to be written already existed or the tuple to be deleted did not exist",
            fields(tuple)
        ),
    )
}

/// The answer to deleting a tuple that is not there.
pub fn not_there(tuple: &TupleKey) -> Error {
    Error::new(
        Code::WriteFailedDueToInvalidInput,
        format!(
            "cannot delete a tuple which does not exist: {}: tuple to be written already existed or the tuple to be deleted did not exist",
            fields(tuple)
        ),
    )
}

/// The answer to writing a tuple that is already there with another condition, duplicates being ignored.
pub fn other_condition(tuple: &TupleKey) -> Error {
    Error::new(
        Code::Aborted,
        format!(
            "transactional write failed due to conflict: attempted to write a tuple which already exists with a different condition: {}",
            fields(tuple)
        ),
    )
}

fn fields(tuple: &TupleKey) -> String {
    format!("user: '{}', relation: '{}', object: '{}'", tuple.user, tuple.relation, tuple.object)
}
