//! A store in memory that keeps every promise: what the others are measured against.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bindings::kv::{Cas, KeyStream, KvError, Pairs, Store, SwapError};
use tokio::sync::{mpsc, oneshot};

type Map = BTreeMap<String, Vec<u8>>;

/// Cheap to clone; clones share what they hold.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Map>>);

impl Memory {
    pub(super) fn map(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number that SQLite's counters hold, too.
pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_le_bytes)
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.map().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.map().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.map().remove(key);
        Ok(())
    }

    async fn exists(&self, key: &str) -> Result<bool, KvError> {
        Ok(self.map().contains_key(key))
    }

    async fn keys(&self) -> Result<Vec<String>, KvError> {
        Ok(self.map().keys().cloned().collect())
    }

    async fn stream_keys(&self) -> KeyStream {
        let keys: Vec<_> = self.map().keys().cloned().collect();
        let (give, taken) = mpsc::channel(4);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            for key in keys {
                if give.send(key).await.is_err() {
                    return;
                }
            }
            // Nobody may be waiting for it.
            let _ = end.send(Ok(()));
        });
        (taken, ended)
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Pairs, KvError> {
        let map = self.map();
        Ok(keys
            .into_iter()
            .filter_map(|key| map.get(&key).cloned().map(|value| (key, Some(value))))
            .collect())
    }

    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.map().extend(pairs);
        Ok(())
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        let mut map = self.map();
        for key in keys {
            map.remove(&key);
        }
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        let mut map = self.map();
        let before = match map.get(key) {
            Some(value) => number(value).ok_or_else(|| KvError::other("the value is no number"))?,
            None => 0,
        };
        let after = before.checked_add(delta).ok_or_else(|| KvError::other("the number is too large"))?;
        map.insert(key.to_owned(), after.to_le_bytes().to_vec());
        Ok(after)
    }

    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError> {
        Ok(Arc::new(Attempt { memory: self.clone(), key: key.to_owned(), seen: Mutex::new(None) }))
    }
}

struct Attempt {
    memory: Memory,
    key: String,
    seen: Mutex<Option<Vec<u8>>>,
}

#[async_trait]
impl Cas for Attempt {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError> {
        let value = self.memory.map().get(&self.key).cloned();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&value);
        Ok(value)
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = self.memory.map();
        if map.get(&self.key) != seen.as_ref() {
            return Err(SwapError::Failed);
        }
        map.insert(self.key.clone(), value);
        Ok(())
    }
}
