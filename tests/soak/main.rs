//! Mixed load for a long time: nothing is lost and nothing grows.
//!
//! For some seconds in `cargo test`; `KAMIFLOW_SOAK=30 cargo test --release --test soak` takes 30 minutes and
//! writes `target/soak.md`.

mod acknowledged;
mod device;
mod misuse;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device::Device;
use support::Host;
use watch::Watch;

/// Devices, each with its own project and a folder in a shared one.
const DEVICES: u64 = 4;

/// What the threads of a run share.
pub struct Run {
    /// The server.
    pub host: Host,
    /// End of the run.
    pub until: Instant,
    /// Answered requests.
    pub answered: AtomicU64,
    /// Whether a thread failed, so that the others stop.
    pub failed: AtomicBool,
}

impl Run {
    /// Whether there is time left.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.until && !self.failed.load(Ordering::Relaxed)
    }
}

/// Sets `failed` when its thread panics.
pub struct Alarm<'a>(pub &'a Run);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0
            .failed
            .fetch_or(thread::panicking(), Ordering::Relaxed);
    }
}

#[test]
fn nothing_is_lost_and_nothing_grows_under_a_mixed_load() {
    let time = duration();
    let host = Host::with(&[
        ("LOG_LEVEL", "warn"),
        ("RATE_LIMIT_MAX_REQUESTS", "4000000000"),
    ]);
    let run = Run {
        host,
        until: Instant::now() + time,
        answered: AtomicU64::new(0),
        failed: AtomicBool::new(false),
    };
    let mut watch = Watch::new(&run.host, time);
    thread::scope(|scope| {
        let (run, _alarm) = (&run, Alarm(&run));
        let devices: Vec<_> = (0..DEVICES)
            .map(|number| scope.spawn(move || Device::new(run, number).live()))
            .collect();
        scope.spawn(|| misuse::run(run));
        while run.goes_on() {
            watch.sample(&run.answered);
        }
        for device in devices {
            device.join().expect("a device ends well").verify();
        }
    });
    watch.after(&run.answered);
    watch.publish();
    ends_well(run.host);
}

/// Minutes from `KAMIFLOW_SOAK`, or some seconds.
fn duration() -> Duration {
    match std::env::var("KAMIFLOW_SOAK") {
        Ok(minutes) => Duration::from_secs(60 * minutes.parse::<u64>().expect("minutes")),
        Err(_) => Duration::from_secs(8),
    }
}

fn ends_well(host: Host) {
    let database = host.database();
    let (code, log, folder) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        !log.contains("\"ERROR\"") && !log.contains("panicked"),
        "{log}"
    );
    assert!(database.starts_with(folder.path()));
    support::run(&database, &["check"]).good();
}
