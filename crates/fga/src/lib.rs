//! Who may do what on which object: OpenFGA's models, language, conditions and queries as pure logic. Nothing here stores, speaks HTTP or reads a clock:
//! tuples come through a small trait, everything else is handed in.

pub mod cel;
pub mod dsl;
pub mod error;
pub mod model;
pub mod plan;
pub mod tuple;

pub use error::{Code, Error};
pub use model::Model;
pub use plan::Plan;
pub use tuple::{TupleCondition, TupleKey};
