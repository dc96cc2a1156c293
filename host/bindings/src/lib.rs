//! Everything a guest touches: the interfaces of Spin and WASI that it may import, what stands behind
//! each call, and the pool of instances that answers its requests.
//!
//! What differs between installations (stores, variables, the network) is handed in as traits, see [`kv`] and [`outbound`].

pub mod ctx;
pub mod handler;
pub mod kv;
pub mod linker;
pub mod outbound;

mod generated;
mod kv_spin;
mod kv_wasi;
mod redis;
mod variables;
