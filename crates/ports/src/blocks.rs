//! Numbers from the store's counters, reserved ahead so that most requests need no write for one.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{Store, StoreError};

/// Blocks of numbers that this instance has reserved and not yet given out. What an instance takes with it when it dies is a hole, never a double.
#[derive(Debug, Default)]
pub struct Blocks(Mutex<BTreeMap<String, (i64, i64)>>);

impl Blocks {
    /// With nothing reserved.
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The next number of the counter `key`, which nobody else ever gets; numbers start at 1.
    pub async fn next(&self, store: &dyn Store, key: &str) -> Result<i64, StoreError> {
        if let Some(number) = self.reserved(key) {
            return Ok(number);
        }
        let last = store.increment(key, BLOCK).await?;
        let first = last - BLOCK + 1;
        if let Ok(mut blocks) = self.0.lock() {
            // Counters are per hour: those of the past are never asked for again.
            while blocks.len() >= KEPT {
                blocks.pop_first();
            }
            blocks.insert(key.to_owned(), (first + 1, last));
        }
        Ok(first)
    }

    fn reserved(&self, key: &str) -> Option<i64> {
        let mut blocks = self.0.lock().ok()?;
        let (next, last) = blocks.get_mut(key)?;
        (*next <= *last).then(|| {
            *next += 1;
            *next - 1
        })
    }
}

const BLOCK: i64 = 16;
const KEPT: usize = 64;
