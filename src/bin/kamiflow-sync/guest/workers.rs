//! The policy for instances: when one is created, which requests it accepts, and when it is
//! dropped.
//!
//! `wasmtime_wasi_http::handler::ProxyHandler` runs the instances and asks the traits implemented
//! here. An instance serves one request at a time and is reused for the next one.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance as NewInstance, ProxyPre, ShouldAccept, WorkerState,
};

use super::epoch_clock::ClockGuard;
use super::expiration::Expiration;
use super::state::GuestState;
use crate::platform::{MemoryInUse, Shared, Turn};

/// Bytes. An instance with more memory is dropped after its request, because WebAssembly memory never
/// shrinks.
const MAX_REUSED_MEMORY: usize = 8 << 20;
/// Requests per instance, so that a slow leak in a guest stays small.
const MAX_REQUESTS: usize = 100_000;

/// What a request holds until its guest has finished.
pub struct Permits {
    /// Limits the requests inside guests. `None` while the guest waits for its client.
    concurrency: Mutex<Option<OwnedSemaphorePermit>>,
    limit: Arc<Semaphore>,
    /// Released with the permits.
    kept: Mutex<Vec<Box<dyn Send>>>,
    _clock: ClockGuard,
    pub turn: Arc<Turn>,
    /// Set when the guest was stopped because it computed for too long.
    pub out_of_time: Arc<AtomicBool>,
    /// Set when the guest needed more memory than it may have.
    pub out_of_memory: Arc<AtomicBool>,
    /// Of a request that may not wait for memory: set when it would have to.
    pub no_room: Option<Arc<AtomicBool>>,
}

impl Permits {
    /// Waits for a permit of `limit`, for a request that may wait for memory or not.
    pub async fn acquire(limit: Arc<Semaphore>, clock: ClockGuard, may_wait: bool) -> Arc<Self> {
        let permits = Self {
            concurrency: Mutex::default(),
            limit,
            kept: Mutex::default(),
            _clock: clock,
            turn: Arc::default(),
            out_of_time: Arc::default(),
            out_of_memory: Arc::default(),
            no_room: (!may_wait).then(Arc::default),
        };
        permits.resume().await;
        Arc::new(permits)
    }

    /// Gives the permit to others while the guest waits for its client.
    pub fn pause(&self) {
        drop(lock(&self.concurrency).take());
    }

    /// Waits until the guest may go on.
    pub async fn resume(&self) {
        let permit = self.limit.clone().acquire_owned().await;
        *lock(&self.concurrency) = permit.ok();
    }

    /// Keeps this as long as the permits.
    pub fn keep(&self, kept: impl Send + 'static) {
        lock(&self.kept).push(Box::new(kept));
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.turn.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates instances.
pub struct Workers {
    pub engine: Engine,
    pub component: ProxyPre<GuestState>,
    pub shared: Arc<Shared>,
    /// Bytes of memory per instance.
    pub max_memory: usize,
    /// Cancelled when the server stops. Idle instances are then dropped at once.
    pub stop: CancellationToken,
    /// Tracks the instances that exist.
    pub alive: TaskTracker,
}

impl HandlerState for Workers {
    type StoreData = GuestState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<NewInstance<GuestState, Expiration, Worker>> {
        let shared = self.shared.clone();
        let alive = self.alive.token();
        let mut store = GuestState::store(&self.engine, shared, self.max_memory, alive);
        let memory = store.data().platform.memory_in_use();
        let proxy = self.component.instantiate_async(&mut store).await?;
        Ok(NewInstance {
            store,
            proxy,
            view: GuestState::http,
            expiration: Expiration::new(self.stop.clone(), memory.clone()),
            state: Worker { memory },
        })
    }
}

/// Decides which requests an instance accepts.
pub struct Worker {
    memory: MemoryInUse,
}

impl WorkerState for Worker {
    type StoreData = GuestState;
    type RequestData = Arc<Permits>;

    fn should_accept_request(&self, in_progress: usize, accepted: usize) -> ShouldAccept {
        if accepted >= MAX_REQUESTS || self.memory.load(Relaxed) > MAX_REUSED_MEMORY {
            ShouldAccept::Never
        } else if in_progress > 0 {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    /// The returned future is dropped when the guest has written all of its response (on WASI 0.3, the
    /// head of it), even if the client has disconnected before. So the permits that it holds limit
    /// the work that guests really do.
    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, GuestState>,
        permits: Arc<Permits>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        store.data_mut().begin_request(
            permits.turn.clone(),
            permits.out_of_time.clone(),
            permits.out_of_memory.clone(),
            permits.no_room.clone(),
        );
        Box::pin(async move {
            let _until_finished = permits;
            std::future::pending().await
        })
    }

    fn drop(&self, store: Store<GuestState>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !store.data().platform.has_no_room()
        {
            tracing::warn!(error = format!("{error:#}"), "an instance failed");
        }
        drop(store);
    }
}
