//! The host's program, as others start it, with a guest that does everything a host must bear.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here is the test"
)]

mod keeping;
mod serving;
mod starting;
mod support;
