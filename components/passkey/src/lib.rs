//! Passkeys: signing in with one, adding one to an account, keeping them in order.
//!
//! A ceremony is two requests: `options` asks and sets the `ceremony` cookie, `verify` judges the answer, once. Signing in ends in a handoff
//! that is bound to that cookie; `step-up` judges it. What an answer must be is the crate `webauthn`; whose credential it is, and that
//! nobody learns from us who has an account, is here.

mod caller;
mod error;
mod keep;
mod provider;
mod register;
pub mod routes;
mod sign_in;
mod well_known;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
