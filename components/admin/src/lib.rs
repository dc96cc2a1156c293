//! Administration: tenants, their policies, and the accounts in them. Asked with a bearer token; today that is the bootstrap token alone.
//!
//! Nothing is reached without an [`access::Administrator`], and a tenant or an account only through one: what is not theirs answers 404 there, once.

mod access;
mod accounts;
mod error;
mod list;
mod policy;
pub mod routes;
mod tenants;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
