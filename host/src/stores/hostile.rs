//! The memory store with the flaws of all the others at once: what works here works everywhere. A run can be repeated
//! by its seed, as far as the order of the calls can.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use bindings::kv::{Cas, KeyStream, KvError, Pairs, Store, SwapError};

use super::memory::Memory;

/// How it misbehaves.
#[derive(Debug, Clone)]
pub struct Temper {
    pub seed: u64,
    /// Every compare-and-swap reports failure, as on Redis; else about one in four that landed.
    pub cas_always_fails: bool,
    /// About one increment in so many fails; 0 for none.
    pub increment_fails: u64,
}

impl Default for Temper {
    fn default() -> Self {
        Self { seed: 1, cas_always_fails: false, increment_fails: 32 }
    }
}

impl Temper {
    pub fn from_environment() -> Result<Self> {
        let mut temper = Self::default();
        let number = |name: &str| match std::env::var(name) {
            Ok(text) => text.parse().map(Some).with_context(|| format!("{name}: `{text}` is no number")),
            Err(_) => Ok(None),
        };
        if let Some(seed) = number("LATCHKEY_HOSTILE_SEED")? {
            temper.seed = seed;
        }
        if let Some(one_in) = number("LATCHKEY_HOSTILE_INCREMENT")? {
            temper.increment_fails = one_in;
        }
        temper.cas_always_fails = match std::env::var("LATCHKEY_HOSTILE_CAS").as_deref() {
            Err(_) | Ok("sometimes") => false,
            Ok("always") => true,
            Ok(other) => bail!("LATCHKEY_HOSTILE_CAS: `{other}` is unknown; there are sometimes and always"),
        };
        Ok(temper)
    }
}

/// Cheap to clone; clones share what they hold.
#[derive(Debug, Clone)]
pub struct Hostile {
    memory: Memory,
    temper: Temper,
    dice: Arc<AtomicU64>,
}

impl Hostile {
    pub fn new(temper: Temper) -> Self {
        eprintln!("the hostile store: {temper:?}");
        Self { memory: Memory::default(), dice: Arc::new(AtomicU64::new(temper.seed)), temper }
    }

    /// True about once in `n`; never for 0.
    fn one_in(&self, n: u64) -> bool {
        // SplitMix64: small, and good enough to be unpredictable for the code under test.
        let mut x = self.dice.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)).checked_rem(n) == Some(0)
    }

    /// Lets others go first: races that a fast store hides come to light.
    async fn dawdle(&self) {
        if self.one_in(3) {
            tokio::time::sleep(Duration::from_millis(if self.one_in(4) { 4 } else { 1 })).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Store for Hostile {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.dawdle().await;
        let value = self.memory.get(key).await;
        self.dawdle().await;
        value
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.dawdle().await;
        self.memory.set(key, value).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.dawdle().await;
        self.memory.delete(key).await
    }

    async fn exists(&self, key: &str) -> Result<bool, KvError> {
        self.dawdle().await;
        self.memory.exists(key).await
    }

    async fn keys(&self) -> Result<Vec<String>, KvError> {
        self.dawdle().await;
        self.memory.keys().await
    }

    async fn stream_keys(&self) -> KeyStream {
        self.dawdle().await;
        self.memory.stream_keys().await
    }

    async fn get_many(&self, _keys: Vec<String>) -> Result<Pairs, KvError> {
        Err(KvError::other("get-many does not work on every store"))
    }

    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.dawdle().await;
        self.memory.set_many(pairs).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        self.dawdle().await;
        self.memory.delete_many(keys).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        self.dawdle().await;
        let fails = self.one_in(self.temper.increment_fails);
        if fails && self.one_in(2) {
            return Err(KvError::other("a conflict: nothing was done"));
        }
        let after = self.memory.increment(key, delta).await?;
        self.dawdle().await;
        if fails { Err(KvError::other("the answer was lost; it was done")) } else { Ok(after) }
    }

    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError> {
        Ok(Arc::new(Attempt { hostile: self.clone(), key: key.to_owned(), seen: Mutex::new(None) }))
    }
}

struct Attempt {
    hostile: Hostile,
    key: String,
    seen: Mutex<Option<Vec<u8>>>,
}

#[async_trait]
impl Cas for Attempt {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError> {
        let value = self.hostile.get(&self.key).await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&value);
        Ok(value)
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        self.hostile.dawdle().await;
        let landed = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let mut map = self.hostile.memory.map();
            // Nothing seen: whatever came in between is overwritten, as SQLite does it.
            let lands = seen.is_none() || map.get(&self.key) == seen.as_ref();
            if lands {
                map.insert(self.key.clone(), value);
            }
            lands
        };
        self.hostile.dawdle().await;
        let denied = self.hostile.temper.cas_always_fails || self.hostile.one_in(4);
        if landed && !denied { Ok(()) } else { Err(SwapError::Failed) }
    }
}
