//! `wasi:keyvalue@0.2.0-draft2` (store, atomics, batch): synchronous, so a call holds up its whole instance.

use std::sync::Arc;

use wasmtime::{Result, component::Resource};

use crate::{
    ctx::{Ctx, TABLE_CAPACITY},
    generated::wasi::keyvalue::{atomics, batch, store},
    kv::{KvError, OpenCas, OpenStore, Pairs, Store, SwapError, answered},
};
use store::Error;

type Answer<T> = Result<Result<T, Error>>;

impl From<KvError> for Error {
    fn from(error: KvError) -> Self {
        match error {
            KvError::TableFull => Self::Other("store table full".into()),
            KvError::NoSuchStore => Self::NoSuchStore,
            KvError::AccessDenied => Self::AccessDenied,
            KvError::Other(why) | KvError::Panicked(why) => Self::Other(why),
        }
    }
}

impl Ctx {
    fn reading(&mut self, bucket: &Resource<OpenStore>) -> Result<Arc<dyn Store>> {
        self.ops.read();
        Ok(self.table.get(bucket)?.0.clone())
    }

    fn writing(&mut self, bucket: &Resource<OpenStore>) -> Result<Arc<dyn Store>> {
        self.ops.write();
        Ok(self.table.get(bucket)?.0.clone())
    }

    async fn new_cas(&mut self, store: Arc<dyn Store>, key: String) -> Answer<Resource<OpenCas>> {
        if self.open_cas >= TABLE_CAPACITY {
            return Ok(Err(Error::Other("too many compare_and_swaps opened".into())));
        }
        Ok(match store.cas(&key).await {
            Ok(cas) => {
                self.open_cas += 1;
                Ok(self.table.push(OpenCas { store, key, cas })?)
            }
            Err(error) => Err(error.into()),
        })
    }
}

impl store::Host for Ctx {
    async fn open(&mut self, label: String) -> Answer<Resource<OpenStore>> {
        let stores = match self.may_open(&label) {
            Ok(stores) => stores,
            Err(refused) => return Ok(Err(refused.into())),
        };
        Ok(match stores.open(&label).await {
            Ok(store) => Ok(self.opened(store)?),
            Err(error) => Err(error.into()),
        })
    }
}

impl store::HostBucket for Ctx {
    async fn get(&mut self, bucket: Resource<OpenStore>, key: String) -> Answer<Option<Vec<u8>>> {
        answered(self.reading(&bucket)?.get(&key).await)
    }

    async fn set(&mut self, bucket: Resource<OpenStore>, key: String, value: Vec<u8>) -> Answer<()> {
        answered(self.writing(&bucket)?.set(&key, value).await)
    }

    async fn delete(&mut self, bucket: Resource<OpenStore>, key: String) -> Answer<()> {
        answered(self.writing(&bucket)?.delete(&key).await)
    }

    async fn exists(&mut self, bucket: Resource<OpenStore>, key: String) -> Answer<bool> {
        answered(self.reading(&bucket)?.exists(&key).await)
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<OpenStore>,
        cursor: Option<String>,
    ) -> Answer<store::KeyResponse> {
        if cursor.is_some() {
            return Ok(Err(Error::Other("list_keys: cursor not supported".into())));
        }
        let keys = self.reading(&bucket)?.keys().await;
        answered(keys.map(|keys| store::KeyResponse { keys, cursor: None }))
    }

    async fn drop(&mut self, bucket: Resource<OpenStore>) -> Result<()> {
        self.table.delete(bucket)?;
        self.open_stores = self.open_stores.saturating_sub(1);
        Ok(())
    }
}

impl atomics::HostCas for Ctx {
    async fn new(&mut self, bucket: Resource<OpenStore>, key: String) -> Answer<Resource<OpenCas>> {
        let store = self.table.get(&bucket)?.0.clone();
        self.new_cas(store, key).await
    }

    async fn current(&mut self, cas: Resource<OpenCas>) -> Answer<Option<Vec<u8>>> {
        self.ops.read();
        let open = self.table.get(&cas)?.clone();
        answered(open.cas.current().await)
    }

    async fn drop(&mut self, cas: Resource<OpenCas>) -> Result<()> {
        self.table.delete(cas)?;
        self.open_cas = self.open_cas.saturating_sub(1);
        Ok(())
    }
}

impl atomics::Host for Ctx {
    async fn increment(&mut self, bucket: Resource<OpenStore>, key: String, delta: i64) -> Answer<i64> {
        answered(self.writing(&bucket)?.increment(&key, delta).await)
    }

    /// The guest gives its handle away, but Spin never frees the slot: it stays until the instance ends, and so it does here.
    async fn swap(
        &mut self,
        cas: Resource<OpenCas>,
        value: Vec<u8>,
    ) -> Result<Result<(), atomics::CasError>> {
        self.ops.write();
        let spent = self.table.get(&cas)?.clone();
        match spent.cas.swap(value).await {
            Ok(()) => Ok(Ok(())),
            Err(SwapError::Other(why)) => Ok(Err(atomics::CasError::StoreError(Error::Other(why)))),
            Err(SwapError::Failed) => {
                let fresh = match self.new_cas(spent.store, spent.key).await? {
                    Ok(fresh) => fresh,
                    Err(error) => return Ok(Err(atomics::CasError::StoreError(error))),
                };
                // Spin reads the value into the fresh handle before it hands it out.
                let open = self.table.get(&fresh)?.clone();
                Ok(Err(match open.cas.current().await {
                    Ok(_) => atomics::CasError::CasFailed(fresh),
                    Err(error) => atomics::CasError::StoreError(error.into()),
                }))
            }
        }
    }
}

impl batch::Host for Ctx {
    async fn get_many(&mut self, bucket: Resource<OpenStore>, keys: Vec<String>) -> Answer<Pairs> {
        if keys.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        answered(self.reading(&bucket)?.get_many(keys).await)
    }

    async fn set_many(&mut self, bucket: Resource<OpenStore>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        if pairs.is_empty() {
            return Ok(Ok(()));
        }
        answered(self.writing(&bucket)?.set_many(pairs).await)
    }

    async fn delete_many(&mut self, bucket: Resource<OpenStore>, keys: Vec<String>) -> Answer<()> {
        if keys.is_empty() {
            return Ok(Ok(()));
        }
        answered(self.writing(&bucket)?.delete_many(keys).await)
    }
}
