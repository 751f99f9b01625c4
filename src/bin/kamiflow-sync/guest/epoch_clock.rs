//! The clock by which guests are interrupted: a thread that advances the engine's epoch
//! while requests are under way, so that a busy guest cannot keep a thread for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often a computing guest is interrupted.
pub const TICKS_PER_SECOND: u32 = 100;
/// Ticks without a request before the thread sleeps until the next one.
const TICKS_BEFORE_SLEEP: u32 = 2 * TICKS_PER_SECOND;

/// The clock. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Ticker {
    under_way: Arc<AtomicUsize>,
    thread: Thread,
}

/// Keeps the clock ticking until it is dropped.
#[derive(Debug)]
pub struct Ticking(Arc<AtomicUsize>);

impl Ticker {
    /// Starts the thread; it ends with the process.
    pub fn start(engine: Engine) -> std::io::Result<Self> {
        let under_way = Arc::new(AtomicUsize::new(0));
        let seen = under_way.clone();
        let tick = move || run(&engine, &seen);
        let thread = thread::Builder::new()
            .name("ticker".to_owned())
            .spawn(tick)?;
        let thread = thread.thread().clone();
        Ok(Self { under_way, thread })
    }

    /// Ticks for one more request.
    pub fn tick(&self) -> Ticking {
        if self.under_way.fetch_add(1, Relaxed) == 0 {
            self.thread.unpark();
        }
        Ticking(self.under_way.clone())
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn run(engine: &Engine, under_way: &AtomicUsize) {
    let mut quiet = 0;
    loop {
        quiet = if under_way.load(Relaxed) == 0 {
            quiet + 1
        } else {
            0
        };
        if quiet > TICKS_BEFORE_SLEEP {
            thread::park();
            quiet = 0;
        }
        thread::sleep(Duration::from_secs(1) / TICKS_PER_SECOND);
        engine.increment_epoch();
    }
}
