//! A store of one test: stages share tuples, each has its own model, and everything is asked in every way it can be.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part; a test that cannot go on has to stop"
)]

use fga::memory::Memory;
use fga::query::check::{Check, check};
use fga::query::list_objects::{ListObjects, each_object, list_objects};
use fga::query::list_users::{ListUsers, list_users};
use fga::{Error, Given, Limits, Plan, QueryError, TupleKey};
use futures::executor::block_on;
use serde_json::{Map, Value};

/// What a request brings, owned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    pub(crate) tuples: Vec<TupleKey>,
    pub(crate) context: Map<String, Value>,
}

impl Brought {
    pub(crate) fn given(&self) -> Given<'_> {
        Given { tuples: &self.tuples, context: Some(&self.context) }
    }
}

fn refused<T>(result: Result<T, QueryError<std::convert::Infallible>>) -> Result<T, Error> {
    result.map_err(|error| match error {
        QueryError::Refused(error) => error,
        QueryError::Store(never) => match never {},
    })
}

pub(crate) fn ask_check(
    plan: &Plan,
    tuples: &Memory,
    tuple: (&str, &str, &str),
    brought: &Brought,
) -> Result<bool, Error> {
    let (object, relation, user) = tuple;
    let asked = Check { object, relation, user, given: brought.given() };
    refused(block_on(check(plan, tuples, asked, Limits::default())))
}

pub(crate) fn ask_objects(
    plan: &Plan,
    tuples: &Memory,
    asked: (&str, &str, &str),
    brought: &Brought,
) -> Result<Vec<String>, Error> {
    let (type_name, relation, user) = asked;
    let asked = ListObjects { type_name, relation, user, given: brought.given() };
    let listed = refused(block_on(list_objects(plan, tuples, asked, Limits::for_lists())));
    let mut streamed = Vec::new();
    let told = block_on(each_object(plan, tuples, asked, Limits::for_lists(), &mut |object| {
        streamed.push(object.to_owned());
    }));
    streamed.sort();
    match &listed {
        Ok(listed) => assert_eq!(*listed, streamed, "the stream tells something else than the list"),
        Err(error) => assert_eq!(refused(told).unwrap_err(), *error),
    }
    listed
}

pub(crate) fn ask_users(
    plan: &Plan,
    tuples: &Memory,
    (object, relation): (&str, &str),
    filter: &str,
    brought: &Brought,
) -> Result<Vec<String>, Error> {
    let (type_name, userset) = match filter.split_once('#') {
        Some((type_name, relation)) => (type_name, Some(relation)),
        None => (filter, None),
    };
    let asked = ListUsers { object, relation, type_name, userset, given: brought.given() };
    refused(block_on(list_users(plan, tuples, asked, Limits::for_lists())))
}
