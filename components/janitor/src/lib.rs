//! Removes what has expired. Any scheduler may call it, as often as it likes: each call does a bounded amount of work and goes on where the one before stopped.

pub mod routes;
mod sweep;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
