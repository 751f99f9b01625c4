//! The clock that interrupts guests: a thread that advances the engine's epoch while requests are
//! in progress, so that a guest that computes for long shares its thread with others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often a guest that computes is interrupted.
pub const TICKS_PER_SECOND: u32 = 100;
/// Ticks without a request before the thread parks.
const TICKS_BEFORE_PARK: u32 = 2 * TICKS_PER_SECOND;

/// Clones are the same clock.
#[derive(Clone, Debug)]
pub struct EpochClock {
    requests: Arc<AtomicUsize>,
    thread: Thread,
}

/// Keeps the clock running until it is dropped.
#[derive(Debug)]
pub struct ClockGuard(Arc<AtomicUsize>);

impl EpochClock {
    /// Starts the thread; it ends with the process.
    pub fn start(engine: Engine) -> std::io::Result<Self> {
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        let tick = move || run(&engine, &seen);
        let thread = thread::Builder::new()
            .name("epoch-clock".to_owned())
            .spawn(tick)?;
        let thread = thread.thread().clone();
        Ok(Self { requests, thread })
    }

    pub fn keep_running(&self) -> ClockGuard {
        if self.requests.fetch_add(1, Relaxed) == 0 {
            self.thread.unpark();
        }
        ClockGuard(self.requests.clone())
    }
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn run(engine: &Engine, requests: &AtomicUsize) {
    let mut idle_ticks = 0;
    loop {
        idle_ticks = if requests.load(Relaxed) == 0 {
            idle_ticks + 1
        } else {
            0
        };
        if idle_ticks > TICKS_BEFORE_PARK {
            thread::park();
            idle_ticks = 0;
        }
        thread::sleep(Duration::from_secs(1) / TICKS_PER_SECOND);
        engine.increment_epoch();
    }
}
