//! Row i: how fast the server starts, and the memory it takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use support::{Build, Host};

use crate::client::{Connection, get};
use crate::report::{median, number};
use crate::{process, server};

const STARTS: usize = 5;

/// Starts several times and reports how long that took.
pub fn report(build: &Build) -> String {
    // Builds the component, and puts the compiled code into the cache.
    drop(server::start(build));
    let starts: Vec<(f64, f64)> = (0..STARTS).map(|_| timed(build, &[])).collect();
    let empty = tempfile::tempdir().expect("a folder");
    let cache = empty.path().to_str().expect("a path of text");
    let (first, _) = timed(build, &[("XDG_CACHE_HOME", cache), ("HOME", cache)]);
    format!(
        "i: cold start {} ms (median of {STARTS}), {} ms when the component must be compiled first; idle {} MB\n",
        number(median(starts.iter().map(|start| start.0))),
        number(first),
        number(median(starts.iter().map(|start| start.1))),
    )
}

/// Milliseconds to the first answer, and MB of memory a second after it.
fn timed(build: &Build, settings: &[(&str, &str)]) -> (f64, f64) {
    let start = Instant::now();
    let host = Host::of(build, settings);
    Connection::open(host.address()).good(&get("/health"));
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    sleep(Duration::from_secs(1));
    (ms, process::rss_mb(host.pid()))
}

/// Memory of the server after all rows, and at its peak.
pub fn memory(host: &Host) -> String {
    format!(
        "i: after the run {} MB, at most {} MB\n",
        number(process::rss_mb(host.pid())),
        number(process::peak_mb(host.pid()))
    )
}
