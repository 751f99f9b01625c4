//! Instances at work: when one is made, which requests it takes, and when it goes.
//!
//! `wasmtime_wasi_http::handler::ProxyHandler` does the work; this file answers its
//! questions. An instance serves one request at a time and is used again for the next.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant as Moment};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance as ReadyInstance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};

use super::epoch_clock::Ticking;
use super::state::{Instance, MemoryInUse};
use crate::platform::Shared;

/// Longest time from a request to the end of its answer: an upload of 100 MiB over a line
/// of 2 Mbit/s fits.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// How long an instance waits for its next request.
const IDLE_DEADLINE: Duration = Duration::from_secs(10);
/// Memory, in bytes, with which an instance goes after its request: WebAssembly memory
/// never shrinks.
const MEMORY_TO_KEEP: usize = 24 << 20;
/// Requests after which an instance goes, so that a slow leak in a guest stays small.
const MAX_REQUESTS: usize = 100_000;

/// What a request holds until the guest is done with it.
#[expect(dead_code, reason = "some fields are held only to be dropped")]
pub struct Held {
    /// One of the requests that are inside guests at once.
    pub slot: OwnedSemaphorePermit,
    /// The share of the memory for bodies, for a request with a large one.
    pub body: Option<OwnedSemaphorePermit>,
    /// The clock that interrupts the guest.
    pub ticking: Ticking,
    /// Set when the guest is stopped because it computed for too long.
    pub out_of_time: Arc<AtomicBool>,
}

/// Makes instances.
pub struct Instances {
    /// The engine of `component`.
    pub engine: Engine,
    /// The component, ready to be instantiated.
    pub component: ProxyPre<Instance>,
    /// What instances share.
    pub shared: Arc<Shared>,
    /// Bytes of memory per instance.
    pub max_memory: usize,
    /// Cancelled when the server stops: idle instances go at once.
    pub stop: CancellationToken,
    /// Counts the instances that exist.
    pub alive: TaskTracker,
}

impl HandlerState for Instances {
    type StoreData = Instance;
    type WorkerExpiration = Lifetime;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<ReadyInstance<Instance, Lifetime, Worker>> {
        let shared = self.shared.clone();
        let (mut store, memory) =
            Instance::store(&self.engine, shared, self.max_memory, self.alive.token());
        let proxy = self.component.instantiate_async(&mut store).await?;
        Ok(ReadyInstance {
            store,
            proxy,
            view: Instance::http,
            expiration: Lifetime::new(self.stop.clone()),
            state: Worker { memory },
        })
    }
}

/// Which requests an instance takes.
pub struct Worker {
    memory: MemoryInUse,
}

impl WorkerState for Worker {
    type StoreData = Instance;
    type RequestData = Arc<Held>;

    fn should_accept_request(&self, under_way: usize, taken: usize) -> ShouldAccept {
        if taken >= MAX_REQUESTS || self.memory.load(Relaxed) > MEMORY_TO_KEEP {
            ShouldAccept::Never
        } else if under_way > 0 {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    /// The future is dropped when the guest has written all of its answer, or on WASI 0.3 the head
    /// of it, also when the client is long gone, so what it holds bounds the work that is really
    /// under way.
    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Instance>,
        held: Arc<Held>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        store.data_mut().begin_request(held.out_of_time.clone());
        Box::pin(async move {
            let _until_done = held;
            std::future::pending().await
        })
    }

    fn drop(&self, store: Store<Instance>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            tracing::warn!(error = format!("{error:#}"), "an instance failed");
        }
        drop(store);
    }
}

/// When an instance goes although it could take another request.
pub struct Lifetime {
    deadline: Pin<Box<Sleep>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Lifetime {
    fn new(stop: CancellationToken) -> Self {
        Self {
            deadline: Box::pin(tokio::time::sleep(IDLE_DEADLINE)),
            stop: Box::pin(stop.cancelled_owned()),
        }
    }
}

impl WorkerExpiration for Lifetime {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Moment,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle if self.stop.as_mut().poll(context).is_ready() => {
                return Poll::Ready(());
            }
            WorkerStatus::Idle => IDLE_DEADLINE,
            WorkerStatus::Requests | WorkerStatus::PostReturn => REQUEST_DEADLINE,
        };
        let deadline = (since + limit).into();
        if self.deadline.deadline() != deadline {
            self.deadline.as_mut().reset(deadline);
        }
        self.deadline.as_mut().poll(context)
    }
}
