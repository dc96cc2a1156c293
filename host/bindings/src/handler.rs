//! Instances of one component: made when needed, reused as Spin reuses them, ended when they overstay.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
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
    instances: ProxyHandler<Instances>,
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
        let instances = ProxyHandler::new(Instances { pre, engine: engine.clone(), guest, reuse });
        Ok(Self { instances, patience: reuse.timeout })
    }

    pub async fn handle(
        &self,
        ops: Arc<Ops>,
        mut request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        let started = Instant::now();
        loop {
            let error = match self.instances.handle(ops.clone(), request).await {
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
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: WasiHttpView::http,
            expiration: Overstay::new(self.reuse),
            state: Worker { id: self.guest.id.clone(), reuse: self.reuse },
        })
    }
}

/// Asked from outside the guest's event loop: ends an instance that idles too long, or whose guest never gives control back.
struct Overstay {
    idle: Duration,
    busy: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Overstay {
    fn new(reuse: Reuse) -> Self {
        // A little later than the request's own deadline: a guest that merely waits is then told apart from one that spins.
        let busy = reuse.timeout + Duration::from_millis(50);
        Self { idle: reuse.idle, busy, sleep: Box::pin(tokio::time::sleep(busy)) }
    }
}

impl WorkerExpiration for Overstay {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
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
}

impl WorkerState for Worker {
    type StoreData = Ctx;
    type RequestData = Arc<Ops>;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
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
