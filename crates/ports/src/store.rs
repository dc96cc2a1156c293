//! The key-value store, as much of it as every supported host does rightly.

use async_trait::async_trait;
use std::fmt;

/// The store could not do it. Whether a write took effect is unknown; what was there before is still readable or was wholly replaced.
#[derive(Debug, Clone)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store: {}", self.0)
    }
}
impl std::error::Error for StoreError {}

/// How one attempt to change a value ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// There was nothing under the key; nothing was written.
    Absent,
    /// The change function wanted nothing written.
    Left,
    /// The new value is in place.
    Swapped,
    /// The store reports a loss, and this is what is there now. On Redis the report is worthless: the new value may have been in place and
    /// been replaced since (reference/SPIN.md 1.3). Whoever must know has to find its own mark in what it reads.
    Lost(Option<Vec<u8>>),
}

/// Makes a new value of the old one; `None`: leave it.
pub type Alter<'a> = dyn for<'v> FnMut(&'v [u8]) -> Option<Vec<u8>> + 'a;

/// One flat key space of values and counters, shared by all components.
///
/// **Holds on every supported store**: a `get` after a `set`, `delete`, `increment` or won `attempt` of any request that was answered sees it or
/// something later; each operation takes effect at once or not at all, `kill -9` included; `increment` is atomic under any
/// number of parallel callers.
///
/// **Asked of callers**: keys of at most 200 bytes from `[A-Za-z0-9_.:-]`, values of at most 100 KB; a key is either a value or a counter for ever,
/// and a key that has died is never used again (so that deleting what expired cannot hit what lives).
#[async_trait(?Send)]
pub trait Store {
    /// The value under the key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts a value, whatever was there. Only for keys that have one writer.
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Removes a value or a counter; removing what is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Adds to a counter, which starts at 0, and answers the sum. An error may mean that it was added.
    async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError>;

    /// Reads the value under the key, lets `change` make a new one of it (`None`: leave it), and swaps that in if nobody else changed the value in between. Once.
    ///
    /// Never creates: a swap on an absent key is not exclusive on SQLite.
    async fn attempt(&self, key: &str, change: &mut Alter<'_>) -> Result<Attempt, StoreError>;

    /// Agrees on a number: the first proposal ever made for `key` is everyone's answer from then on.
    ///
    /// This is how a thing with a unique name comes into being. The proposer first writes the thing under a key that only its own
    /// number names, then proposes the number; a crash before leaves a thing that nobody can reach, a crash after leaves it whole.
    /// `proposal` must be at least 10¹⁸ (so that its decimal form, which Redis keeps, cannot be mistaken for eight bytes).
    async fn decide(&self, key: &str, proposal: i64) -> Result<i64, StoreError>;

    /// What was decided for `key`; `None` if nothing was, or if it was withdrawn.
    async fn decided(&self, key: &str) -> Result<Option<i64>, StoreError>;

    /// Frees the name again, if `decided` is still what was decided for it.
    async fn withdraw(&self, key: &str, decided: i64) -> Result<(), StoreError>;
}
