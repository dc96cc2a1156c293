//! Administration: tenants, their policies, and the accounts and clients in them. Asked with a bearer token: the bootstrap token, which reaches everything,
//! or that of a machine client with the scope `admin`, which reaches its own tenant and those below.
//!
//! Nothing is reached without an [`access::Administrator`], and a tenant or an account only through one: what is not theirs answers 404 there, once.

mod access;
mod accounts;
mod clients;
mod error;
mod list;
mod policy;
pub mod routes;
mod tenants;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
