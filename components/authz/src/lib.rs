//! Fine-grained authorization: OpenFGA's HTTP API under `/stores`, the AuthZEN Authorization API 1.0 under `/access/v1`, and explanations.
//!
//! Every request reads the head of its store and answers from exactly that state: nothing is stale, and a bound that is hit is an error, never a shorter
//! list. Nothing is reached without an [`access::Caller`].

mod access;
mod assertions;
mod authzen;
mod error;
mod lists;
mod models;
mod plans;
mod queries;
mod read;
mod revision;
pub mod routes;
mod store;
mod stores;
mod tuples;
mod wire;
mod write;

/// What a body may have: a write of 100 tuples with large contexts, a model.
pub const MOST_BODY: usize = 1 << 20;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer, MOST_BODY);
