//! The rounds of a query.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::evaluation::{Evaluation, Node};
use super::known::{Known, Want, Wanted};
use super::outcome::Answer;
use super::{Limits, QueryError};
use crate::error::{Code, Error};
use crate::plan::{Plan, RelationId};
use crate::store::Tuples;

/// One query, or several that share what they read.
pub(super) struct Session<'a, T> {
    pub(super) plan: &'a Plan,
    tuples: &'a T,
    limits: Limits,
    pub(super) known: Known,
    asked: usize,
}

/// A question and its answers so far.
pub(super) struct Job<'a> {
    pub(super) evaluation: Evaluation<'a>,
    pub(super) nodes: Vec<Node>,
    pub(super) answers: Vec<Answer>,
}

impl<'a> Job<'a> {
    pub(super) fn new(evaluation: Evaluation<'a>, nodes: Vec<Node>) -> Self {
        let answers = vec![Answer::Pending; nodes.len()];
        Self { evaluation, nodes, answers }
    }

    fn is_settled(&self) -> bool {
        !self.answers.contains(&Answer::Pending)
    }
}

impl<'a, T: Tuples> Session<'a, T> {
    pub(super) fn new(plan: &'a Plan, tuples: &'a T, limits: Limits) -> Self {
        Self { plan, tuples, limits, known: Known::default(), asked: 0 }
    }

    /// Reads what is wanted, in one round.
    pub(super) async fn read(&mut self, wanted: Wanted) -> Result<(), QueryError<T::Error>> {
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted = together(wanted);
        self.asked = self.asked.saturating_add(wanted.len());
        if self.asked > self.limits.reads {
            return Err(Error::too_complex().into());
        }
        let asks = Known::asks(self.plan, &wanted);
        let answers = self.tuples.read(&asks).await.map_err(QueryError::Store)?;
        // A list counts by its length too: what comes back has to be held.
        let listed: usize = answers.iter().map(Vec::len).sum();
        let lists = wanted.iter().filter(|want| !matches!(want, Want::Which { .. })).count();
        self.asked = self.asked.saturating_add(listed.saturating_sub(lists) / LISTED_PER_READ);
        self.known.learn(self.plan, wanted, answers);
        Ok(())
    }

    /// Goes on until every question is answered.
    pub(super) async fn settle(&mut self, jobs: &mut [Job<'_>]) -> Result<(), QueryError<T::Error>> {
        loop {
            let mut wanted = Wanted::new();
            for job in jobs.iter_mut().filter(|job| !job.is_settled()) {
                job.answers = job.evaluation.pass(self.plan, &self.known, &job.nodes, &mut wanted);
            }
            if jobs.iter().all(Job::is_settled) {
                return Ok(());
            }
            if wanted.is_empty() {
                let message = "the evaluation waits for nothing";
                return Err(Error::new(Code::InternalError, message).into());
            }
            self.read(wanted).await?;
        }
    }
}

/// Many users of one relation of one object are asked for as its list.
fn together(wanted: Wanted) -> Wanted {
    let mut users: BTreeMap<(RelationId, Rc<str>), usize> = BTreeMap::new();
    for want in &wanted {
        if let Want::Which { relation, object, .. } = want {
            *users.entry((*relation, object.clone())).or_default() += 1;
        }
    }
    users.retain(|_, count| *count > MANY);
    if users.is_empty() {
        return wanted;
    }
    wanted
        .into_iter()
        .map(|want| match want {
            Want::Which { relation, object, .. } if users.contains_key(&(relation, object.clone())) => {
                Want::Users { relation, object, usersets_only: false }
            }
            other => other,
        })
        .collect()
}

/// From so many users on a list is cheaper than each of them.
const MANY: usize = 64;

/// How many entries of a list weigh as much as one key that is asked for.
const LISTED_PER_READ: usize = 100;
