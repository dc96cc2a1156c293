//! The store on Spin's key-value interfaces: `spin:key-value` for values, `wasi:keyvalue/atomics` for counters and swaps.

use std::{cell::OnceCell, rc::Rc};

use async_trait::async_trait;
use ports::{Alter, Attempt, Store, StoreError};
use spin_sdk::{
    experimental::wasi::keyvalue::{
        atomics::{self, Cas, CasError},
        store::{self, Bucket},
    },
    key_value::{self, Store as Values},
};

use crate::{cells, contract};

/// The only label that every host has.
const LABEL: &str = "default";

/// The store as one request uses it; each interface is opened when it is first needed.
pub(crate) struct KeyValue {
    values: OnceCell<Rc<Values>>,
    counters: OnceCell<Bucket>,
}

impl KeyValue {
    pub(crate) const fn new() -> Self {
        Self { values: OnceCell::new(), counters: OnceCell::new() }
    }

    async fn values(&self) -> Result<Rc<Values>, StoreError> {
        if let Some(values) = self.values.get() {
            return Ok(values.clone());
        }
        // Two tasks of one request may open it both; one handle is kept, both work.
        let values = Rc::new(Values::open(LABEL).await.map_err(of_values)?);
        Ok(self.values.get_or_init(|| values).clone())
    }

    fn counters(&self) -> Result<&Bucket, StoreError> {
        if let Some(bucket) = self.counters.get() {
            return Ok(bucket);
        }
        let bucket = store::open(LABEL).map_err(of_counters)?;
        Ok(self.counters.get_or_init(|| bucket))
    }
}

#[async_trait(?Send)]
impl Store for KeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        contract::key(key)?;
        self.values().await?.get(key).await.map_err(of_values)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        contract::key(key)?;
        contract::value(key, value)?;
        self.values().await?.set(key, value).await.map_err(of_values)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        contract::key(key)?;
        self.values().await?.delete(key).await.map_err(of_values)
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        contract::key(key)?;
        atomics::increment(self.counters()?, key, by).map_err(of_counters)
    }

    async fn attempt(&self, key: &str, change: &mut Alter<'_>) -> Result<Attempt, StoreError> {
        contract::key(key)?;
        let cas = Cas::new(self.counters()?, key).map_err(of_counters)?;
        // Read through the handle: a swap without it overwrites whatever is there.
        let Some(old) = cas.current().map_err(of_counters)? else { return Ok(Attempt::Absent) };
        let Some(new) = change(&old) else { return Ok(Attempt::Left) };
        contract::value(key, &new)?;
        match atomics::swap(cas, &new) {
            Ok(()) => Ok(Attempt::Swapped),
            Err(CasError::CasFailed(fresh)) => Ok(Attempt::Lost(fresh.current().map_err(of_counters)?)),
            Err(CasError::StoreError(error)) => Err(of_counters(error)),
        }
    }

    async fn decide(&self, key: &str, proposal: i64) -> Result<i64, StoreError> {
        cells::decide(self, key, proposal).await
    }

    async fn decided(&self, key: &str) -> Result<Option<i64>, StoreError> {
        cells::decided(self, key).await
    }

    async fn withdraw(&self, key: &str, decided: i64) -> Result<(), StoreError> {
        cells::withdraw(self, key, decided).await
    }
}

fn of_values(error: key_value::Error) -> StoreError {
    StoreError(match error {
        key_value::Error::StoreTableFull => "too many stores are open".into(),
        key_value::Error::NoSuchStore => no_such_store(),
        key_value::Error::AccessDenied => access_denied(),
        key_value::Error::Other(why) => why,
    })
}

fn of_counters(error: store::Error) -> StoreError {
    StoreError(match error {
        store::Error::NoSuchStore => no_such_store(),
        store::Error::AccessDenied => access_denied(),
        store::Error::Other(why) => why,
    })
}

fn no_such_store() -> String {
    format!("the platform has no store `{LABEL}`; name one in its runtime configuration")
}

fn access_denied() -> String {
    format!("grant the component `key_value_stores = [\"{LABEL}\"]`")
}
