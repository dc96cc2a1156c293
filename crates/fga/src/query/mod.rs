//! The queries. Their core is synchronous and works on what is known so far: each pass goes as far as it can, says what it lacks, and everything that
//! is lacking is read in one round. So a query takes as many rounds as its answer is deep, however wide it is, and stops when it is decided.

pub mod batch;
pub mod check;
mod conditions;
mod evaluation;
pub mod expand;
pub mod explain;
mod known;
pub mod list_objects;
pub mod list_users;
mod outcome;
mod reach;
mod session;

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::tuple::TupleKey;

/// Bounds of one query. Whoever hits one gets error 2002, never a wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many usersets and parents may follow one another.
    pub depth: usize,
    /// How many keys may be asked of the store: each object, each list is one.
    pub reads: usize,
    /// How many relations of objects may be looked at in one pass.
    pub steps: usize,
    /// What evaluating one condition may cost, in CEL's units.
    pub condition_cost: u64,
    /// What a condition says that lacks a parameter.
    pub missing: Missing,
}

/// What a condition says that lacks a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: the query fails unless something else decides it. OpenFGA's way.
    Refuse,
    /// No. AuthZEN's way.
    Deny,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 25,
            reads: 2_000,
            steps: 100_000,
            condition_cost: crate::cel::MAX_COST,
            missing: Missing::Refuse,
        }
    }
}

impl Limits {
    /// For the lists, which may read as much as their answers are long.
    pub fn for_lists() -> Self {
        Self { reads: 200_000, steps: 1_000_000, ..Self::default() }
    }
}

/// What a request brings besides its question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// Tuples that count for this request alone, over the stored ones.
    pub tuples: &'a [TupleKey],
    /// Parameters of conditions.
    pub context: Option<&'a Map<String, Value>>,
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError<E> {
    /// The request, or a bound.
    Refused(Error),
    /// The store.
    Store(E),
}

impl<E> From<Error> for QueryError<E> {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl<E: fmt::Display> fmt::Display for QueryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}
