//! Has a user a relation with an object?

use std::rc::Rc;

use serde_json::{Map, Value};

use super::evaluation::{Evaluation, Node};
use super::outcome::Answer;
use super::session::{Job, Session};
use super::{Given, Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::store::Tuples;
use crate::tuple;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// `document:1`
    pub object: &'a str,
    /// The relation.
    pub relation: &'a str,
    /// `user:anne`, `user:*`, `group:x#member`.
    pub user: &'a str,
    /// What the request brings.
    pub given: Given<'a>,
}

/// Answers.
///
/// # Errors
/// 2000 for what the model does not know and conditions that cannot be judged, 2027 for contextual tuples, 2002 for a bound; the store's.
pub async fn check<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: Check<'_>,
    limits: Limits,
) -> Result<bool, QueryError<T::Error>> {
    let node = asked.node(plan)?;
    let (contextual, empty) = (Memory::new(asked.given.tuples), Map::new());
    let evaluation = Evaluation::new(asked.user, asked.given.context.unwrap_or(&empty), &contextual, limits);
    let mut jobs = [Job::new(evaluation, vec![node])];
    Session::new(plan, tuples, limits).settle(&mut jobs).await?;
    let [job] = jobs;
    verdict(job.answers).map_err(QueryError::Refused)
}

/// The answer to the only node of a job.
pub(super) fn verdict(answers: Vec<Answer>) -> Result<bool, Error> {
    match answers.into_iter().next() {
        Some(Answer::Yes) => Ok(true),
        Some(Answer::Failed(error)) => Err(error),
        Some(Answer::No | Answer::Pending) | None => Ok(false),
    }
}

/// Refuses what no context may hold.
pub(super) fn validate_context(context: Option<&Map<String, Value>>) -> Result<(), Error> {
    context
        .map_or(Ok(()), tuple::forbidden)
        .map_err(|why| Error::validation(format!("invalid context: {why}")))
}

impl Check<'_> {
    /// Validates the request and finds the relation.
    pub(super) fn node(&self, plan: &Plan) -> Result<Node, Error> {
        plan.validate_asked(self.object, self.relation, self.user)?;
        validate_context(self.given.context)?;
        plan.validate_contextual(self.given.tuples)?;
        let relation = plan.relation(tuple::type_of(self.object), self.relation)?;
        Ok((relation, Rc::from(self.object)))
    }
}
