//! Judges every sign-in once before a session may begin: takes the handoff of a first factor, and answers with a cleared one, with the question for a
//! second factor, or with why it stops here. Nothing in a browser can go round it, since `session` takes cleared handoffs alone.

mod assess;
mod decide;
mod error;
mod factor;
mod page;
pub mod routes;
mod signals;
mod tries;
mod wire;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
