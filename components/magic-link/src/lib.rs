//! Signing in by a link or a typed code from a mail. It proves that someone reads the address: one factor, never a second one.
//!
//! The link's page changes nothing until a button is pressed, because scanners open links; pressed where the sign-in started it gives the handoff,
//! pressed anywhere else it wants the two digits that only the starting screen shows, and that screen goes on by polling.

mod attempt;
mod begin;
mod code;
mod confirm;
mod dev_mailbox;
mod error;
mod pages;
mod redeem;
pub mod routes;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
