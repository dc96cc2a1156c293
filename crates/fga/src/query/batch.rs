//! Several checks at once: each with its own contextual tuples and context, all over the same reads.

use serde_json::Map;

use super::check::{Check, verdict};
use super::evaluation::Evaluation;
use super::session::{Job, Session};
use super::{Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::store::Tuples;

/// The most checks of a batch.
pub const MAX_CHECKS: usize = 50;

/// Answers each check, in order; one that is refused leaves the others alone.
///
/// # Errors
/// 2000 for none or more than 50; the store's.
pub async fn batch_check<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: &[Check<'_>],
    limits: Limits,
) -> Result<Vec<Result<bool, Error>>, QueryError<T::Error>> {
    if asked.is_empty() {
        let message = "batch check requires at least one check to evaluate, no checks were received";
        return Err(Error::validation(message).into());
    }
    if asked.len() > MAX_CHECKS {
        let message =
            format!("batchCheck received {} checks, the maximum allowed is {MAX_CHECKS}", asked.len());
        return Err(Error::validation(message).into());
    }
    checks(plan, tuples, asked, Limits { reads: limits.reads.saturating_mul(asked.len()), ..limits }).await
}

/// As [`batch_check`], without a bound on their number: what AuthZEN's batches and searches are made of. `limits.reads` is for all together.
///
/// # Errors
/// The store's.
pub async fn checks<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: &[Check<'_>],
    limits: Limits,
) -> Result<Vec<Result<bool, Error>>, QueryError<T::Error>> {
    let empty = Map::new();
    let contextual: Vec<Memory> = asked.iter().map(|check| Memory::new(check.given.tuples)).collect();
    let mut answers: Vec<Result<bool, Error>> = Vec::new();
    let mut jobs = Vec::new();
    for (check, contextual) in asked.iter().zip(&contextual) {
        answers.push(check.node(plan).map(|node| {
            let context = check.given.context.unwrap_or(&empty);
            let evaluation = Evaluation::new(check.user, context, contextual, limits);
            jobs.push(Job::new(evaluation, vec![node]));
            false
        }));
    }
    match Session::new(plan, tuples, limits).settle(&mut jobs).await {
        Ok(()) => {
            let mut jobs = jobs.into_iter();
            for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
                *answer = jobs.next().map_or(Ok(false), |job| verdict(job.answers));
            }
        }
        // A bound that they hit together: those that were answered before are answered.
        Err(QueryError::Refused(error)) => {
            let mut jobs = jobs.into_iter();
            for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
                *answer = match jobs.next().map(|job| job.answers) {
                    Some(found) if !found.contains(&super::outcome::Answer::Pending) => verdict(found),
                    _ => Err(error.clone()),
                };
            }
        }
        Err(error) => return Err(error),
    }
    Ok(answers)
}
