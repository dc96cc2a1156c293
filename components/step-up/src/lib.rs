//! Judges every sign-in once before a session may begin: takes the handoff of a first factor, and answers with a cleared one, with the question for a
//! second factor, or with why it stops here. Nothing in a browser can go round it, since `session` takes cleared handoffs alone.
//!
//! It also keeps the second factors themselves: an authenticator app and recovery codes; passkeys are the room `passkey`'s.

mod assess;
mod caller;
mod code;
mod decide;
mod enrol;
mod error;
mod factor;
mod notify;
mod otpauth;
mod page;
mod passkey;
mod recovery;
mod rfc6238;
pub mod routes;
mod signals;
mod tries;
mod waiting;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
