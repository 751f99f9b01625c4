//! The state behind one instance of the component, and the limits on it.
//!
//! The guest sees clocks, random numbers and a standard error stream that is ours; no file,
//! no environment, no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use tokio_util::task::task_tracker::TaskTrackerToken;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, StoreContextMut, UpdateDeadline, format_err};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::epoch_clock::TICKS_PER_SECOND;
use super::stderr::GuestLog;
use crate::platform::{PlatformState, Shared};

/// Time that a guest may compute for one request, in ticks. Waiting, for a body or for a
/// turn to write, is not computing.
const COMPUTE_TICKS: u32 = 30 * TICKS_PER_SECOND;
/// Elements of a table; components have a few hundred.
const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Streams, headers, timers and the like that a guest may have open at once. The host keeps
/// them in memory of its own.
const MAX_HANDLES: usize = 10_000;

/// What a store holds.
pub struct Instance {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutgoingRequests,
    table: ResourceTable,
    log: GuestLog,
    /// Spin's interfaces.
    pub platform: PlatformState,
    memory: MemoryLimit,
    ticks_left: u32,
    out_of_time: Arc<AtomicBool>,
    // Last, so that a stop waits until everything above is dropped.
    _alive: TaskTrackerToken,
}

/// Bytes of memory that an instance has, shared with those who look from outside.
pub type MemoryInUse = Arc<AtomicUsize>;

impl Instance {
    /// A store for a new instance that may take `max_memory` bytes of memory.
    pub fn store(
        engine: &wasmtime::Engine,
        shared: Arc<Shared>,
        max_memory: usize,
        alive: TaskTrackerToken,
    ) -> (Store<Self>, MemoryInUse) {
        let in_use = MemoryInUse::default();
        let log = GuestLog::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        let instance = Self {
            wasi: WasiCtx::builder().stderr(log.clone()).build(),
            http: WasiHttpCtx::new(),
            hooks: NoOutgoingRequests,
            table,
            log,
            platform: PlatformState::new(shared),
            memory: MemoryLimit {
                max: max_memory,
                in_use: in_use.clone(),
            },
            ticks_left: COMPUTE_TICKS,
            out_of_time: Arc::default(),
            _alive: alive,
        };
        let mut store = Store::new(engine, instance);
        store.limiter(|instance| &mut instance.memory);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(Self::tick);
        (store, in_use)
    }

    /// Gives the guest its full time again; `out_of_time` is set if it uses that up.
    ///
    /// The error of a guest that is stopped does not reach who waits for its answer, so a
    /// flag has to.
    pub fn begin_request(&mut self, out_of_time: Arc<AtomicBool>) {
        self.ticks_left = COMPUTE_TICKS;
        self.out_of_time = out_of_time;
        self.log.begin_request();
    }

    /// Lets others run after each tick of computing, until the time is used up.
    fn tick(mut store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let instance = store.data_mut();
        if instance.ticks_left == 0 {
            instance.out_of_time.store(true, Relaxed);
            return Err(format_err!("the guest computed for too long"));
        }
        instance.ticks_left -= 1;
        Ok(UpdateDeadline::Yield(1))
    }
}

impl WasiView for Instance {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Instance {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

struct MemoryLimit {
    max: usize,
    in_use: MemoryInUse,
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.in_use.load(Relaxed) - current + desired;
        if total > self.max {
            return Ok(false);
        }
        self.in_use.store(total, Relaxed);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

struct NoOutgoingRequests;

type Sent = (http::Response<WasiBody>, Received);
type Received = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for NoOutgoingRequests {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _received: Received,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }

    /// A client that goes away in the middle of its body is not worth a warning.
    fn p2_error_from_hyper(&mut self, _error: &hyper::Error) -> ErrorCode {
        ErrorCode::ConnectionTerminated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_up_to_the_limit_over_all_memories() {
        let mut limit = MemoryLimit {
            max: 100,
            in_use: MemoryInUse::default(),
        };
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(0, 60, None).unwrap());
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert_eq!(limit.in_use.load(Relaxed), 100);
    }
}
