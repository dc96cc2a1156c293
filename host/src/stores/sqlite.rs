//! Spin's SQLite store: its table, its statements, one connection behind one lock, and the flaws that come with them.
//!
//! - A compare-and-swap on an absent key overwrites what came in between.
//! - An increment of a value that is not 8 bytes is the end: under Spin the lock is poisoned, and every later call fails.
//! - A listing holds the lock until its last key is taken; who reads a value meanwhile waits forever.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use async_trait::async_trait;
use bindings::kv::{Cas, KeyStream, KvError, Pairs, Store, SwapError};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{mpsc, oneshot};

use super::memory::number;

/// Without a runtime configuration there is this one.
const STORE: &str = "default";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store=$1 AND key=$2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES ($1, $2, $3) ON CONFLICT(store, key) DO UPDATE SET value=$3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store=$1 AND key=$2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store=$1";
// Numbered: SQLite counts `$1` as a name, in the order in which names first appear.
const SWAP: &str = "UPDATE spin_key_value SET value=?3 WHERE store=?1 AND key=?2 AND value=?4";

/// Cheap to clone; clones share the connection.
#[derive(Debug, Clone)]
pub struct Sqlite(Arc<Mutex<Database>>);

#[derive(Debug)]
struct Database {
    connection: Connection,
    /// Spin's lock would be poisoned.
    poisoned: bool,
}

impl Sqlite {
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let connection =
            Connection::open(file).with_context(|| format!("the database `{shown}` cannot be opened"))?;
        connection.execute(TABLE, []).with_context(|| format!("the database `{shown}` is of no use"))?;
        connection
            .prepare(GET)
            .with_context(|| format!("the database `{shown}` has a table that is not Spin's"))?;
        Ok(Self(Arc::new(Mutex::new(Database { connection, poisoned: false }))))
    }

    /// Away from the threads that serve: a write waits for the disk.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, KvError> + Send + 'static,
    ) -> Result<T, KvError> {
        let database = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut database = database.lock().unwrap_or_else(PoisonError::into_inner);
            database.sound()?;
            work(&mut database)
        });
        done.await.unwrap_or_else(|error| Err(KvError::Panicked(error.to_string())))
    }
}

impl Database {
    fn sound(&self) -> Result<(), KvError> {
        if self.poisoned {
            Err(KvError::Panicked("the store's lock is poisoned until a restart".to_owned()))
        } else {
            Ok(())
        }
    }

    fn get(&self, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        self.connection.prepare_cached(GET)?.query_row([STORE, key], |row| row.get(0)).optional()
    }

    fn set(&self, key: &str, value: &[u8]) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(SET)?.execute(params![STORE, key, value])
    }

    fn increment(&mut self, key: &str, delta: i64) -> Result<i64, KvError> {
        let transaction = self.connection.transaction().map_err(KvError::other)?;
        let value: Option<Vec<u8>> = transaction
            .prepare_cached(GET)
            .and_then(|mut get| get.query_row([STORE, key], |row| row.get(0)).optional())
            .map_err(KvError::other)?;
        let before = match value.as_deref().map(number) {
            None => 0,
            Some(Some(before)) => before,
            Some(None) => {
                drop(transaction);
                self.poisoned = true;
                return Err(KvError::Panicked("increment of a value that is not 8 bytes".to_owned()));
            }
        };
        // As Spin's released builds do it.
        let after = before.wrapping_add(delta);
        transaction
            .prepare_cached(SET)
            .and_then(|mut set| set.execute(params![STORE, key, after.to_le_bytes()]))
            .map_err(KvError::other)?;
        transaction.commit().map_err(KvError::other)?;
        Ok(after)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let key = key.to_owned();
        self.work(move |database| database.get(&key).map_err(KvError::other)).await
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        let key = key.to_owned();
        self.work(move |database| database.set(&key, &value).map(drop).map_err(KvError::other)).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = key.to_owned();
        self.work(move |database| {
            let deleted = database
                .connection
                .prepare_cached(DELETE)
                .and_then(|mut delete| delete.execute([STORE, key.as_str()]));
            deleted.map(drop).map_err(KvError::other)
        })
        .await
    }

    async fn exists(&self, key: &str) -> Result<bool, KvError> {
        Ok(self.get(key).await?.is_some())
    }

    async fn keys(&self) -> Result<Vec<String>, KvError> {
        self.work(|database| {
            let mut list = database.connection.prepare_cached(KEYS).map_err(KvError::other)?;
            let keys = list.query_map([STORE], |row| row.get(0)).map_err(KvError::other)?;
            keys.collect::<Result<_, _>>().map_err(KvError::other)
        })
        .await
    }

    /// Holds the lock while it waits for the guest, as Spin does.
    async fn stream_keys(&self) -> KeyStream {
        let (give, taken) = mpsc::channel(4);
        let (end, ended) = oneshot::channel();
        let database = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let database = database.lock().unwrap_or_else(PoisonError::into_inner);
            let listed = database.sound().and_then(|()| {
                let mut list = database.connection.prepare_cached(KEYS).map_err(KvError::other)?;
                let mut rows = list.query([STORE]).map_err(KvError::other)?;
                while let Some(row) = rows.next().map_err(KvError::other)? {
                    give.blocking_send(row.get(0).map_err(KvError::other)?).map_err(KvError::other)?;
                }
                Ok(())
            });
            // Nobody may be waiting for it.
            let _ = end.send(listed);
        });
        (taken, ended)
    }

    /// Leaves out what is absent.
    async fn get_many(&self, keys: Vec<String>) -> Result<Pairs, KvError> {
        self.work(move |database| {
            let mut found = Vec::new();
            for key in keys {
                if let Some(value) = database.get(&key).map_err(KvError::other)? {
                    found.push((key, Some(value)));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.many(move |transaction| {
            let mut set = transaction.prepare_cached(SET)?;
            pairs.iter().try_for_each(|(key, value)| set.execute(params![STORE, key, value]).map(drop))
        })
        .await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        self.many(move |transaction| {
            let mut delete = transaction.prepare_cached(DELETE)?;
            keys.iter().try_for_each(|key| delete.execute([STORE, key.as_str()]).map(drop))
        })
        .await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        let key = key.to_owned();
        self.work(move |database| database.increment(&key, delta)).await
    }

    async fn cas(&self, key: &str) -> Result<Arc<dyn Cas>, KvError> {
        Ok(Arc::new(Attempt { sqlite: self.clone(), key: key.to_owned(), seen: Mutex::new(None) }))
    }
}

impl Sqlite {
    async fn many(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), KvError> {
        self.work(move |database| {
            let transaction = database.connection.transaction().map_err(KvError::other)?;
            work(&transaction).map_err(KvError::other)?;
            transaction.commit().map_err(KvError::other)
        })
        .await
    }
}

struct Attempt {
    sqlite: Sqlite,
    key: String,
    seen: Mutex<Option<Vec<u8>>>,
}

#[async_trait]
impl Cas for Attempt {
    async fn current(&self) -> Result<Option<Vec<u8>>, KvError> {
        let value = self.sqlite.get(&self.key).await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&value);
        Ok(value)
    }

    /// Exact where something was seen; where nothing was, or nobody looked, it overwrites.
    async fn swap(&self, value: Vec<u8>) -> Result<(), SwapError> {
        let key = self.key.clone();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let swapped = self.sqlite.work(move |database| {
            let rows = match seen {
                Some(seen) => database
                    .connection
                    .prepare_cached(SWAP)
                    .and_then(|mut swap| swap.execute(params![STORE, key, value, seen])),
                None => database.set(&key, &value),
            };
            rows.map_err(KvError::other)
        });
        match swapped.await {
            Ok(1) => Ok(()),
            Ok(_) => Err(SwapError::Failed),
            Err(error) => Err(SwapError::Other(format!("{error:?}"))),
        }
    }
}
