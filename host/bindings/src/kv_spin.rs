//! `spin:key-value@3.0.0`: asynchronous, so other requests of the instance go on while a call waits.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::sync::mpsc;
use wasmtime::{
    Result, StoreContextMut,
    component::{Accessor, Destination, FutureReader, Resource, StreamProducer, StreamReader, StreamResult},
};

use crate::{
    ctx::{Ctx, Ops, Spin},
    generated::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore},
    kv::{KvError, OpenStore, Store, answered},
};

impl From<KvError> for Error {
    fn from(error: KvError) -> Self {
        match error {
            KvError::TableFull => Self::StoreTableFull,
            KvError::NoSuchStore => Self::NoSuchStore,
            KvError::AccessDenied => Self::AccessDenied,
            KvError::Other(why) | KvError::Panicked(why) => Self::Other(why),
        }
    }
}

impl Host for Ctx {}

impl HostStore for Ctx {
    async fn drop(&mut self, store: Resource<OpenStore>) -> Result<()> {
        self.table.delete(store)?;
        self.open_stores = self.open_stores.saturating_sub(1);
        Ok(())
    }
}

fn opened<T>(
    accessor: &Accessor<T, Spin>,
    store: &Resource<OpenStore>,
) -> Result<(Arc<dyn Store>, Arc<Ops>)> {
    accessor.with(|mut access| {
        let ctx = access.get();
        Ok((ctx.table.get(store)?.0.clone(), ctx.ops.clone()))
    })
}

impl<T: Send + 'static> HostStoreWithStore<T> for Spin {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Result<Resource<OpenStore>, Error>> {
        let stores = match accessor.with(|mut access| access.get().may_open(&label)) {
            Ok(stores) => stores,
            Err(refused) => return Ok(Err(refused.into())),
        };
        Ok(match stores.open(&label).await {
            Ok(store) => Ok(accessor.with(|mut access| access.get().opened(store))?),
            Err(error) => Err(error.into()),
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Result<Option<Vec<u8>>, Error>> {
        let (store, ops) = opened(accessor, &store)?;
        ops.read();
        answered(store.get(&key).await)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Result<Result<(), Error>> {
        let (store, ops) = opened(accessor, &store)?;
        ops.write();
        answered(store.set(&key, value).await)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Result<(), Error>> {
        let (store, ops) = opened(accessor, &store)?;
        ops.write();
        answered(store.delete(&key).await)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Result<bool, Error>> {
        let (store, ops) = opened(accessor, &store)?;
        ops.read();
        answered(store.exists(&key).await)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let (store, ops) = opened(accessor, &store)?;
        ops.read();
        let (keys, ended) = store.stream_keys().await;
        let ended = async move {
            wasmtime::error::Ok(match ended.await {
                Ok(outcome) => outcome.map_err(Error::from),
                Err(_) => Err(Error::Other("the listing was given up".into())),
            })
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, Keys(keys))?;
            let ended = FutureReader::new(&mut access, ended)?;
            Ok((keys, ended))
        })
    }
}

/// Feeds keys to the guest one at a time, at the guest's pace.
struct Keys(mpsc::Receiver<String>);

impl<D> StreamProducer<D> for Keys {
    type Item = String;
    type Buffer = Option<String>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(key)) => {
                destination.set_buffer(Some(key));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
