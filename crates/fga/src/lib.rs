//! Who may do what on which object: OpenFGA's models, language, conditions and queries as pure logic. Nothing here stores, speaks HTTP or reads a clock:
//! tuples come through a small trait ([`Tuples`]), everything else is handed in.
//!
//! - [`dsl`] reads and prints the language, [`Model`] is the same as JSON;
//! - [`Plan::compile`] validates a model as the server does and makes it ready;
//! - [`query`] has the questions: check, batch check, expand, list objects, list users, explain;
//! - [`write`] validates what is to be written.

pub mod cel;
pub mod dsl;
pub mod error;
pub mod memory;
pub mod model;
pub mod plan;
pub mod query;
pub mod store;
pub mod tuple;
pub mod write;

pub use error::{Code, Error};
pub use model::Model;
pub use plan::Plan;
pub use query::{Given, Limits, Missing, QueryError};
pub use store::{Ask, Entry, Tuples};
pub use tuple::{TupleCondition, TupleKey};
