//! Begins, shows and ends sessions. The only room that begins one, and only for a handoff that `step-up` cleared.
//!
//! And the OpenID Provider, which so far knows one grant: machine clients get access tokens in their own name (RFC 6749 section 4.4).

mod begin;
mod browser;
mod client_auth;
mod devices;
mod error;
mod form;
mod metadata;
mod oauth;
pub mod routes;
mod show;
mod sign_out;
mod token;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
