//! For tests alone: the whole system under a host, started, killed and started again; a Redis; browsers; many at once.
//!
//! The embedded host serves by default. `LATCHKEY_SPIN=/path/to/spin` takes the real one instead, `LATCHKEY_HOST` another embedded one,
//! `LATCHKEY_WASM_DIR` components that were built elsewhere, and `LATCHKEY_ALL_STORES=1` makes a store that cannot be had a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a rig that cannot go on stops the test and says why"
)]

mod client;
mod folder;
mod options;
mod parallel;
mod process;
mod redis;
mod spin;
mod system;

pub use client::{Answer, Client};
pub use folder::Folder;
pub use options::{Options, Store, components, host};
pub use parallel::{parallel, wait_until};
pub use redis::Redis;
pub use system::System;

/// The root of the work tree.
pub fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/rig lies two below the root").to_owned()
}

/// Says loudly what does not run here and why; fails instead where everything has to run (`LATCHKEY_ALL_STORES=1`).
pub fn skipped(what: &str, why: &str) {
    assert!(std::env::var_os("LATCHKEY_ALL_STORES").is_none(), "{what} must run, but {why}");
    eprintln!("\n*** SKIPPED: {what}: {why} ***\n");
}
