//! Numbers from the store that an instance keeps: reserved ahead, so that most requests need no write for one, or decided for good, so that most need
//! no read.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::{Store, StoreError};

/// Blocks of numbers that this instance has reserved and not yet given out (what an instance takes with it when it dies is a hole, never a double),
/// and the decisions it knows to stand for ever.
#[derive(Debug, Default)]
pub struct Blocks {
    reserved: Mutex<BTreeMap<String, (i64, i64)>>,
    decided: Mutex<BTreeMap<String, i64>>,
    kept: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Blocks {
    /// With nothing reserved.
    pub const fn new() -> Self {
        Self {
            reserved: Mutex::new(BTreeMap::new()),
            decided: Mutex::new(BTreeMap::new()),
            kept: Mutex::new(BTreeMap::new()),
        }
    }

    /// The next number of the counter `key`, which nobody else ever gets; numbers start at 1.
    pub async fn next(&self, store: &dyn Store, key: &str) -> Result<i64, StoreError> {
        if let Some(number) = self.reserved(key) {
            return Ok(number);
        }
        let last = store.increment(key, BLOCK).await?;
        let first = last - BLOCK + 1;
        if let Ok(mut blocks) = self.reserved.lock() {
            // Counters are per hour: those of the past are never asked for again.
            while blocks.len() >= KEPT {
                blocks.pop_first();
            }
            blocks.insert(key.to_owned(), (first + 1, last));
        }
        Ok(first)
    }

    /// What was decided for `key`, a cell of which nothing is ever withdrawn: the store is asked until it knows, and never again.
    pub async fn decided_for_good(&self, store: &dyn Store, key: &str) -> Result<Option<i64>, StoreError> {
        let known = self.decided.lock().ok().and_then(|decided| decided.get(key).copied());
        if known.is_some() {
            return Ok(known);
        }
        let found = store.decided(key).await?;
        if let (Some(number), Ok(mut decided)) = (found, self.decided.lock()) {
            while decided.len() >= KEPT {
                decided.pop_first();
            }
            decided.insert(key.to_owned(), number);
        }
        Ok(found)
    }

    /// What this instance keeps of a kind; empty at first. All requests of the instance share it and it goes with the instance, so it holds only
    /// what stays right for ever, or what its user compares with the store before believing it.
    pub fn kept<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let Ok(mut kept) = self.kept.lock() else { return Arc::default() };
        let made = kept.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(made).downcast().unwrap_or_default()
    }

    fn reserved(&self, key: &str) -> Option<i64> {
        let mut blocks = self.reserved.lock().ok()?;
        let (next, last) = blocks.get_mut(key)?;
        (*next <= *last).then(|| {
            *next += 1;
            *next - 1
        })
    }
}

const BLOCK: i64 = 16;
const KEPT: usize = 64;
