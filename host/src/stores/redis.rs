//! Spin's Redis store, with the same commands and therefore the same flaws.
//!
//! - A compare-and-swap never reports success: Spin ends it with `UNWATCH key`, which Redis refuses for its argument.
//!   Whether the value landed is another matter.
//! - get-many sends `KEYS`, which never answers what was asked.
//! - Labels are not part of the keys.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use bindings::kv::{Cas, KeyStream, KvError, Pairs, Store, SwapError};
use redis::{
    AsyncCommands as _, Client, RedisError,
    aio::{ConnectionManager, MultiplexedConnection},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long the first connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    connection: ConnectionManager,
}

impl Redis {
    /// The address may carry a password, so no error repeats it whole.
    pub async fn connect(address: &str) -> anyhow::Result<Self> {
        let shown = address.rsplit_once('@').map_or(address, |(_, host)| host);
        let client = Client::open(address).map_err(|_| anyhow!("`{shown}` is no address of a Redis"))?;
        let unreachable = || format!("Redis cannot be reached at `{shown}`");
        // First a plain connection: the manager would go on trying for a long time.
        let mut first = timeout(PATIENCE, client.get_multiplexed_async_connection())
            .await
            .with_context(unreachable)?
            .with_context(unreachable)?;
        let _: String = redis::cmd("PING").query_async(&mut first).await.with_context(unreachable)?;
        let connection = client.get_connection_manager().await.with_context(unreachable)?;
        Ok(Self { client, connection })
    }

    fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }
}

#[async_trait]
impl Store for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.connection().get(key).await.map_err(KvError::other)
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.connection().set(key, value).await.map_err(KvError::other)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.connection().del(key).await.map_err(KvError::other)
    }

    async fn exists(&self, key: &str) -> Result<bool, KvError> {
        self.connection().exists(key).await.map_err(KvError::other)
    }

    async fn keys(&self) -> Result<Vec<String>, KvError> {
        self.connection().keys("*").await.map_err(KvError::other)
    }

    async fn stream_keys(&self) -> KeyStream {
        let (give, taken) = mpsc::channel(4);
        let (end, ended) = oneshot::channel();
        let mut connection = self.connection();
        tokio::spawn(async move {
            let listed = async {
                let mut scan = connection.scan::<String>().await.map_err(KvError::other)?;
                while let Some(key) = scan.next_item().await {
                    give.send(key).await.map_err(KvError::other)?;
                }
                Ok(())
            };
            // Nobody may be waiting for it.
            let _ = end.send(listed.await);
        });
        (taken, ended)
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Pairs, KvError> {
        let found: Vec<Vec<u8>> =
            redis::cmd("KEYS").arg(keys).query_async(&mut self.connection()).await.map_err(KvError::other)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        // Spin's client takes the keys for pairs, and panics over it.
        Err(KvError::Panicked("get-many does not work on Redis".to_owned()))
    }

    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.connection().mset(&pairs).await.map_err(KvError::other)
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        self.connection().del(keys).await.map_err(KvError::other)
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        redis::cmd("INCRBY")
            .arg(key)
            .arg(delta)
            .query_async(&mut self.connection())
            .await
            .map_err(KvError::other)
    }

    /// A connection of its own, because what is watched is watched per connection.
    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError> {
        let connection = self.client.get_multiplexed_async_connection().await.map_err(KvError::other)?;
        Ok(Arc::new(Attempt { key: key.to_owned(), connection }))
    }
}

struct Attempt {
    key: String,
    connection: MultiplexedConnection,
}

#[async_trait]
impl Cas for Attempt {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError> {
        let mut connection = self.connection.clone();
        redis::cmd("WATCH").arg(&self.key).exec_async(&mut connection).await.map_err(KvError::other)?;
        connection.get(&self.key).await.map_err(KvError::other)
    }

    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        let mut connection = self.connection.clone();
        let swapped: Result<(), RedisError> =
            redis::pipe().atomic().set(&self.key, value).query_async(&mut connection).await;
        redis::cmd("UNWATCH")
            .arg(&self.key)
            .exec_async(&mut connection)
            .await
            .map_err(|_| SwapError::Failed)?;
        swapped.map_err(|_| SwapError::Failed)
    }
}
