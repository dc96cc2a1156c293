//! Instances of one component: made when needed, reused as Spin reuses them, ended when they overstay.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use wasmtime::{
    Engine, PoolConcurrencyLimitError, Result, Store, StoreContextMut, bail,
    component::{Component, GuestTaskId, Linker},
};
use wasmtime_wasi_http::{
    WasiBody, WasiHttpView,
    handler::{
        ExpirationError, HandlerState, Instance, InstantiationError, Proxy, ProxyHandler, ShouldAccept,
        TrapOrPanicError, WorkerExpiration, WorkerState, WorkerStatus,
    },
    p3::bindings::ServicePre,
};

use crate::ctx::{Ctx, Guest, Ops};

/// How long and how often an instance serves.
#[derive(Debug, Clone, Copy)]
pub struct Reuse {
    /// Requests per instance; 1 gives every request a fresh one.
    pub requests: usize,
    /// Requests at the same time per instance.
    pub concurrent: usize,
    /// How long an instance may wait for its next request.
    pub idle: Duration,
    /// Wall time of one request.
    pub timeout: Duration,
}

/// Why a request got no answer from its guest.
#[derive(Debug)]
pub enum Failure {
    TimedOut,
    /// The instance trapped, or a neighbour in it did; the reason was logged when the instance ended.
    Trapped,
    Other(String),
}

/// Answers the requests of one component.
#[derive(Clone)]
pub struct Handler {
    pool: Arc<Mutex<ProxyHandler<Instances>>>,
    patience: Duration,
}

impl Handler {
    /// Fails if the component does not export `wasi:http/handler` or imports what the host does not offer.
    pub fn new(
        engine: &Engine,
        linker: &Linker<Ctx>,
        component: &Component,
        guest: Arc<Guest>,
        reuse: Reuse,
    ) -> Result<Self> {
        let pre = ServicePre::new(linker.instantiate_pre(component)?)?;
        let instances = Instances { pre, engine: engine.clone(), guest, reuse, stuck: Arc::default() };
        Ok(Self { pool: Arc::new(Mutex::new(ProxyHandler::new(instances))), patience: reuse.timeout })
    }

    /// The instances to ask. An instance that waited, and then computes without end, still counts as one that takes
    /// requests: they would queue behind it. So once one is seen to be stuck, those that come go to a new pool; the old
    /// one finishes what it has.
    fn pool(&self) -> ProxyHandler<Instances> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.state().stuck.load(Ordering::Relaxed) {
            *pool = ProxyHandler::new(pool.state().afresh());
        }
        pool.clone()
    }

    pub async fn handle(
        &self,
        ops: Arc<Ops>,
        mut request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        let started = Instant::now();
        loop {
            let error = match self.pool().handle(ops.clone(), request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.is::<ExpirationError>() {
                return Err(Failure::TimedOut);
            }
            if error.is::<TrapOrPanicError>() {
                // An instance that is ended for overstaying answers like one that trapped; the clock tells them apart.
                return Err(if started.elapsed() >= self.patience {
                    Failure::TimedOut
                } else {
                    Failure::Trapped
                });
            }
            let refused: InstantiationError<Arc<Ops>> = match error.downcast() {
                Ok(refused) => refused,
                Err(error) => return Err(Failure::Other(format!("{error:#}"))),
            };
            if !refused.error.is::<PoolConcurrencyLimitError>() || started.elapsed() >= self.patience {
                return Err(Failure::Other(format!("no instance: {:#}", refused.error)));
            }
            // All places of the pool are taken: instances end within moments, so wait instead of failing.
            request = match refused.request.into_inner() {
                Ok(request) => request,
                Err(poisoned) => poisoned.into_inner(),
            };
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

struct Instances {
    pre: ServicePre<Ctx>,
    engine: Engine,
    guest: Arc<Guest>,
    reuse: Reuse,
    /// One of them has kept its thread to itself for too long.
    stuck: Arc<AtomicBool>,
}

impl Instances {
    fn afresh(&self) -> Self {
        Self {
            pre: self.pre.clone(),
            engine: self.engine.clone(),
            guest: self.guest.clone(),
            reuse: self.reuse,
            stuck: Arc::default(),
        }
    }
}

impl HandlerState for Instances {
    type StoreData = Ctx;
    type WorkerExpiration = Overstay;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<Ctx, Overstay, Worker>> {
        let mut store = Store::new(&self.engine, Ctx::new(self.guest.clone())?);
        store.limiter(|ctx| ctx.limiter());
        // A busy guest steps aside at every tick, so that other requests go on and `Overstay` is asked.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let service =
            match tokio::time::timeout(self.reuse.timeout, self.pre.instantiate_async(&mut store)).await {
                Ok(service) => service?,
                Err(_) => bail!("the instance was not ready within {:?}", self.reuse.timeout),
            };
        let alive = Arc::new(AtomicBool::new(true));
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: WasiHttpView::http,
            expiration: Overstay::new(self.reuse, alive.clone(), self.stuck.clone()),
            state: Worker { id: self.guest.id.clone(), reuse: self.reuse, alive },
        })
    }
}

/// How long a guest may compute at a stretch before no more requests are sent its way.
const STRETCH: Duration = Duration::from_millis(25);

/// Asked from outside the guest's event loop: ends an instance that idles too long, or whose guest never gives control back.
struct Overstay {
    idle: Duration,
    busy: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
    /// Set by the event loop whenever it turns.
    alive: Arc<AtomicBool>,
    /// When we first found that it no longer did.
    computing_since: Option<Instant>,
    stuck: Arc<AtomicBool>,
}

impl Overstay {
    fn new(reuse: Reuse, alive: Arc<AtomicBool>, stuck: Arc<AtomicBool>) -> Self {
        // A little later than the request's own deadline: a guest that merely waits is then told apart from one that spins.
        let busy = reuse.timeout + Duration::from_millis(50);
        let sleep = Box::pin(tokio::time::sleep(busy));
        Self { idle: reuse.idle, busy, sleep, alive, computing_since: None, stuck }
    }

    fn watch(&mut self) {
        if self.alive.swap(false, Ordering::Relaxed) {
            self.computing_since = None;
        } else if self.computing_since.get_or_insert_with(Instant::now).elapsed() > STRETCH {
            self.stuck.store(true, Ordering::Relaxed);
        }
    }
}

impl WorkerExpiration for Overstay {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        self.watch();
        let allowed = match status {
            WorkerStatus::Idle => self.idle,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.busy,
        };
        let end = tokio::time::Instant::from_std(since + allowed);
        if self.sleep.deadline() != end {
            self.sleep.as_mut().reset(end);
        }
        self.sleep.as_mut().poll(cx)
    }
}

struct Worker {
    id: Arc<str>,
    reuse: Reuse,
    alive: Arc<AtomicBool>,
}

impl WorkerState for Worker {
    type StoreData = Ctx;
    type RequestData = Arc<Ops>;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        // Asked at every turn of the event loop.
        self.alive.store(true, Ordering::Relaxed);
        if total >= self.reuse.requests {
            ShouldAccept::Never
        } else if concurrent >= self.reuse.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Ctx>,
        ops: Arc<Ops>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        store.data_mut().ops = ops;
        Box::pin(tokio::time::sleep(self.reuse.timeout))
    }

    fn drop(&self, store: Store<Ctx>, result: Result<()>) {
        if let Err(error) = result {
            eprintln!("[{}] instance ended: {error:#}", self.id);
        }
        drop(store);
    }
}
