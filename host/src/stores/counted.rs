//! For crash tests: the host dies between two writes, as if its power had gone.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bindings::kv::{Cas, KeyStream, KvError, Pairs, Store, SwapError};

/// Lets so many writes happen and calls the end right before the next one.
#[derive(Clone)]
pub struct Counted {
    store: Arc<dyn Store>,
    left: Arc<AtomicU64>,
    end: fn(),
}

impl Counted {
    /// `end` is what happens instead of the write that is one too many.
    pub fn new(store: Arc<dyn Store>, writes: u64, end: fn()) -> Self {
        Self { store, left: Arc::new(AtomicU64::new(writes)), end }
    }

    fn write(&self) {
        let counted = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if counted.is_err() {
            (self.end)();
        }
    }
}

/// Ends this process as `kill -9` does.
pub fn die() {
    eprintln!("dying before a write, as asked (--die-after-writes)");
    // It cannot fail for oneself; if it did, the test would notice that we live.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

#[async_trait]
impl Store for Counted {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.store.get(key).await
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.write();
        self.store.set(key, value).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.write();
        self.store.delete(key).await
    }

    async fn exists(&self, key: &str) -> Result<bool, KvError> {
        self.store.exists(key).await
    }

    async fn keys(&self) -> Result<Vec<String>, KvError> {
        self.store.keys().await
    }

    async fn stream_keys(&self) -> KeyStream {
        self.store.stream_keys().await
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Pairs, KvError> {
        self.store.get_many(keys).await
    }

    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.write();
        self.store.set_many(pairs).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        self.write();
        self.store.delete_many(keys).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        self.write();
        self.store.increment(key, delta).await
    }

    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError> {
        Ok(Arc::new(Attempt { cas: self.store.cas(key).await?, counted: self.clone() }))
    }
}

struct Attempt {
    cas: Arc<dyn Cas>,
    counted: Counted,
}

#[async_trait]
impl Cas for Attempt {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError> {
        self.cas.current().await
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        self.counted.write();
        self.cas.swap(value).await
    }
}
