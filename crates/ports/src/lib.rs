//! What the rooms need from outside, as traits. Each comment is the contract; `tests/store-suite` holds every store to it.

mod blocks;
mod failure;
mod one_time;
mod outside;
mod settings;
mod store;

pub use blocks::Blocks;
pub use failure::Failure;
pub use one_time::{OneTime, OneTimeError};
pub use outside::{Entropy, Fetch, FetchError, Log};
pub use settings::{Settings, SettingsError};
pub use store::{Alter, Attempt, Store, StoreError};

/// Everything outside that one request may use, with the moment at which it came in.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The moment of this request; read once, at the entry.
    pub now: domain::Moment,
    /// Records and counters.
    pub store: &'a dyn Store,
    /// Single use.
    pub one_time: &'a dyn OneTime,
    /// Numbers reserved ahead.
    pub blocks: &'a Blocks,
    /// Unpredictable bytes.
    pub entropy: &'a dyn Entropy,
    /// HTTP to others.
    pub fetch: &'a dyn Fetch,
    /// This deployment's settings, read before the request was looked at.
    pub settings: &'a Settings,
    /// Where the reasons go that the caller must not see.
    pub log: &'a dyn Log,
}
