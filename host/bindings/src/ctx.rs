//! What one instance of a guest carries: its grants, its open handles, its limits.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderName, header};
use wasmtime::{
    ResourceLimiter, Result,
    component::{HasData, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx,
    WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::{
    kv::{KvError, Store, StoreManager},
    outbound::Outbound,
};

/// Spin keeps this many stores, and this many compare-and-swaps, per instance.
pub const TABLE_CAPACITY: usize = 256;

/// One component as the manifest grants it; shared by all its instances.
pub struct Guest {
    pub id: Arc<str>,
    /// Makes the WASI side of a new instance: files, clocks, standard streams.
    pub wasi: Box<dyn Fn() -> Result<WasiCtx> + Send + Sync>,
    pub stores: Arc<dyn StoreManager>,
    /// Labels from `key_value_stores`.
    pub granted_stores: HashSet<String>,
    /// Values from `[component.x.variables]`, templates resolved.
    pub variables: HashMap<String, String>,
    pub outbound: Arc<dyn Outbound>,
    /// Bytes of linear memory per instance.
    pub max_memory: usize,
}

/// Key-value operations of one request, for `--kv-counters`.
#[derive(Debug, Default)]
pub struct Ops {
    reads: AtomicU64,
    writes: AtomicU64,
}

impl Ops {
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
    pub(crate) fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }
}

/// The data of a wasmtime store: one per instance.
pub struct Ctx {
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: MemoryLimit,
    pub(crate) guest: Arc<Guest>,
    /// Counts for the request accepted last: exact only while an instance serves one request at a time.
    pub(crate) ops: Arc<Ops>,
    pub(crate) open_stores: usize,
    pub(crate) open_cas: usize,
}

impl Ctx {
    pub(crate) fn new(guest: Arc<Guest>) -> Result<Self> {
        Ok(Self {
            table: ResourceTable::new(),
            wasi: (guest.wasi)()?,
            http: WasiHttpCtx::new(),
            hooks: Hooks { outbound: guest.outbound.clone() },
            limits: MemoryLimit { max: guest.max_memory, id: guest.id.clone() },
            guest,
            ops: Arc::default(),
            open_stores: 0,
            open_cas: 0,
        })
    }

    pub(crate) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limits
    }

    /// The checks before a store is opened, in Spin's order: the grant, then the room in the table.
    pub(crate) fn may_open(&self, label: &str) -> Result<Arc<dyn StoreManager>, KvError> {
        if !self.guest.granted_stores.contains(label) {
            return Err(KvError::AccessDenied);
        }
        if self.open_stores >= TABLE_CAPACITY {
            return Err(KvError::TableFull);
        }
        Ok(self.guest.stores.clone())
    }

    pub(crate) fn opened(
        &mut self,
        store: Arc<dyn Store>,
    ) -> Result<wasmtime::component::Resource<crate::kv::OpenStore>> {
        let handle = self.table.push(crate::kv::OpenStore(store))?;
        self.open_stores += 1;
        Ok(handle)
    }
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Ctx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Says to the linker that the interfaces of Spin are implemented on [`Ctx`] itself.
pub(crate) struct Spin;

impl HasData for Spin {
    type Data<'a> = &'a mut Ctx;
}

struct Hooks {
    outbound: Arc<dyn Outbound>,
}

impl WasiHttpHooks for Hooks {
    /// Spin lets guests see `host`; wasmtime would hide it.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| *name != header::HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let sending = self.outbound.send(request, options);
        Box::new(async move {
            let response = sending.await?;
            let sent: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, sent))
        })
    }
}

type Answer = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// Refuses memory beyond the limit; the guest sees a failed `memory.grow`, as under Spin.
struct MemoryLimit {
    max: usize,
    id: Arc<str>,
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let fits = desired <= self.max;
        if !fits {
            eprintln!(
                "[{}] refused: {desired} bytes of memory wanted, {} allowed (--max-memory)",
                self.id, self.max
            );
        }
        Ok(fits)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= 100_000)
    }
}
