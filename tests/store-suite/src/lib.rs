//! A guest that does over HTTP what the store contract promises, so that `tests/*.rs` can hold every store to it. Never deployed.

mod raw;
mod records;
pub mod routes;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
