//! What is behind the label `default`: each store with the strengths and flaws it has under Spin.

mod counted;
mod hostile;
mod memory;
mod redis;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use anyhow::Result;
use async_trait::async_trait;
use bindings::kv::{KvError, Store, StoreManager};

use crate::cli;

pub use counted::{Counted, die};
pub use hostile::{Hostile, Temper};
pub use memory::Memory;
pub use redis::Redis;
pub use sqlite::Sqlite;

/// The file that Spin, too, keeps its default store in.
pub const DATABASE: &str = "sqlite_key_value.db";

/// Opens the store, or says in a sentence why it cannot.
pub async fn open(choice: &cli::Store, state: &Path) -> Result<Arc<dyn Store>> {
    Ok(match choice {
        cli::Store::Sqlite => Arc::new(Sqlite::open(&state.join(DATABASE))?),
        cli::Store::Memory => Arc::new(Memory::default()),
        cli::Store::Hostile => Arc::new(Hostile::new(Temper::from_environment()?)),
        cli::Store::Redis(address) => Arc::new(Redis::connect(address).await?),
    })
}

/// One store, under the one label that exists without a runtime configuration.
pub struct Labels(pub Arc<dyn Store>);

#[async_trait]
impl StoreManager for Labels {
    async fn open(&self, label: &str) -> Result<Arc<dyn Store>, KvError> {
        if label == "default" { Ok(self.0.clone()) } else { Err(KvError::NoSuchStore) }
    }
}
