//! The host's state for one instance of the component, and the limits on it.
//!
//! From WASI the guest gets clocks, random numbers and a standard error stream that goes to the
//! host's log; no file, no environment variable, no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio_util::task::task_tracker::TaskTrackerToken;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, StoreContextMut, UpdateDeadline, format_err};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::epoch_clock::TICKS_PER_SECOND;
use super::permits::Permits;
use super::stderr::GuestStderr;
use super::wall_clock::WallClock;
use crate::platform::{PlatformState, Shared};

/// Time that a guest may compute for one request, in ticks. Waiting for a body or for the write
/// lock does not count.
const COMPUTE_TICKS: u32 = 30 * TICKS_PER_SECOND;
/// Time after which a request is long, and computes only in turns with other long ones.
const SHORT_TICKS: u32 = TICKS_PER_SECOND / 20;
/// Handles of streams, headers, timers and the like that a guest may have open at once. They take
/// memory of the host.
const MAX_HANDLES: usize = 10_000;

/// The data of a wasmtime store.
pub struct GuestState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutgoingRequests,
    table: ResourceTable,
    stderr: GuestStderr,
    /// Spin's interfaces.
    pub platform: PlatformState,
    ticks_left: u32,
    out_of_time: Arc<AtomicBool>,
    // Last, so that a stopping server waits until everything above is dropped.
    _alive: TaskTrackerToken,
}

impl GuestState {
    /// A store for a new instance with at most `max_memory` bytes of memory.
    pub fn store(
        engine: &wasmtime::Engine,
        shared: Arc<Shared>,
        max_memory: usize,
        alive: TaskTrackerToken,
    ) -> Store<Self> {
        let stderr = GuestStderr::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        let mut wasi = WasiCtx::builder();
        wasi.stderr(stderr.clone()).wall_clock(WallClock);
        let state = Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: NoOutgoingRequests,
            table,
            stderr,
            platform: PlatformState::new(shared, max_memory),
            ticks_left: COMPUTE_TICKS,
            out_of_time: Arc::default(),
            _alive: alive,
        };
        let mut store = Store::new(engine, state);
        store.limiter_async(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(Self::tick);
        store
    }

    /// Resets the limits of one request. Its permits tell when the guest has used up its time, or needed
    /// more memory than it may have: the error that stops it does not reach the task that waits for the
    /// response.
    pub fn begin_request(&mut self, permits: &Permits) {
        self.ticks_left = COMPUTE_TICKS;
        self.out_of_time = permits.out_of_time.clone();
        self.stderr.begin_request(permits.no_room.clone());
        self.platform
            .begin_request(permits.out_of_memory.clone(), permits.no_room.clone());
    }

    /// Yields to other tasks after each tick of computing, until the time is used up.
    fn tick(mut store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let state = store.data_mut();
        if state.ticks_left == 0 {
            state.out_of_time.store(true, Relaxed);
            return Err(format_err!("the guest computed for too long"));
        }
        state.ticks_left -= 1;
        if state.ticks_left > COMPUTE_TICKS - SHORT_TICKS {
            return Ok(UpdateDeadline::Yield(1));
        }
        Ok(match state.platform.next_turn() {
            Some(turn) => UpdateDeadline::YieldCustom(1, Box::pin(turn)),
            None => UpdateDeadline::Yield(1),
        })
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
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

    /// The default logs a warning, which a client that disconnects during its body is not worth.
    fn p2_error_from_hyper(&mut self, _error: &hyper::Error) -> ErrorCode {
        ErrorCode::ConnectionTerminated
    }
}
