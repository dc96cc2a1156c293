//! Begins, shows and ends sessions. The only room that begins one, and only for a handoff that `step-up` cleared.

mod begin;
mod browser;
mod devices;
mod error;
pub mod routes;
mod show;
mod sign_out;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
