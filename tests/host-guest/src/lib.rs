//! A guest that does what a host must bear: it traps, spins, waits, grows, and tries what it was not granted. Driven by
//! `host/tests/serving.rs`. Never deployed. Every answer is plain text.

#[cfg(target_arch = "wasm32")]
mod deeds;
