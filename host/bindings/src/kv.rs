//! What a key-value store must offer. The shape follows Spin's host, so that each store's peculiarities can be reproduced.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

/// Why a store says no; the same cases as in the guest's interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvError {
    TableFull,
    NoSuchStore,
    AccessDenied,
    Other(String),
    /// Where Spin's host panics, which no guest can catch: its instance ends, and the request is answered 500.
    Panicked(String),
}

impl KvError {
    pub fn other(why: impl std::fmt::Display) -> Self {
        Self::Other(why.to_string())
    }
}

/// What the guest gets, or the end of its instance.
pub(crate) fn answered<T, E: From<KvError>>(outcome: Result<T, KvError>) -> wasmtime::Result<Result<T, E>> {
    match outcome {
        Err(KvError::Panicked(why)) => Err(wasmtime::format_err!("{why}")),
        outcome => Ok(outcome.map_err(E::from)),
    }
}

/// Why a swap did not answer "swapped".
#[derive(Debug)]
pub enum SwapError {
    /// The guest gets a fresh handle; whether the value landed depends on the store (never believe it on Redis).
    Failed,
    Other(String),
}

pub type Pairs = Vec<(String, Option<Vec<u8>>)>;

/// Keys one by one, then how the listing ended.
pub type KeyStream = (mpsc::Receiver<String>, oneshot::Receiver<Result<(), KvError>>);

/// Opens stores by label.
#[async_trait]
pub trait StoreManager: Send + Sync {
    async fn open(&self, label: &str) -> Result<Arc<dyn Store>, KvError>;
}

#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError>;
    async fn delete(&self, key: &str) -> Result<(), KvError>;
    async fn exists(&self, key: &str) -> Result<bool, KvError>;
    /// All keys at once (`wasi:keyvalue`).
    async fn keys(&self) -> Result<Vec<String>, KvError>;
    /// All keys as a stream (`spin:key-value`); some stores hold a lock until the last one is taken.
    async fn stream_keys(&self) -> KeyStream;
    async fn get_many(&self, keys: Vec<String>) -> Result<Pairs, KvError>;
    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError>;
    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError>;
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError>;
    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError>;
}

/// One attempt at compare-and-swap.
#[async_trait]
pub trait Cas: Send + Sync {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError>;
    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError>;
}

/// The guest's handle of an open store.
#[derive(Clone)]
pub struct OpenStore(pub(crate) Arc<dyn Store>);

/// The guest's handle of a compare-and-swap; remembers where it came from because a failed swap yields a fresh one.
#[derive(Clone)]
pub struct OpenCas {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) key: String,
    pub(crate) cas: Arc<dyn Cas>,
}
