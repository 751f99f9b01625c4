//! Row i: how fast the server starts, and the memory it takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::{Connection, get};
use support::Host;
use crate::report::{median, number};
use crate::{process, server};

const STARTS: usize = 5;

/// Starts several times and says what that took.
pub fn report() -> String {
    // Builds the component, and puts the compiled code into the cache.
    drop(server());
    let starts: Vec<(f64, f64)> = (0..STARTS).map(|_| timed(&[])).collect();
    let empty = tempfile::tempdir().expect("a folder");
    let cache = empty.path().to_str().expect("a path of text");
    let (first, _) = timed(&[("XDG_CACHE_HOME", cache), ("HOME", cache)]);
    format!(
        "i: cold start {} ms (median of {STARTS}), {} ms when the component must be compiled first; idle {} MB\n",
        number(median(starts.iter().map(|start| start.0))),
        number(first),
        number(median(starts.iter().map(|start| start.1))),
    )
}

/// Milliseconds to the first answer, and MB when nothing happens after it.
fn timed(settings: &[(&str, &str)]) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Instant::now();
    let host = Host::resume(folder, settings);
    Connection::open(host.address()).good(&get("/health"));
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    sleep(Duration::from_secs(1));
    (ms, process::rss_mb(host.pid()))
}

/// What the server has after all rows, and had at most.
pub fn memory(host: &Host) -> String {
    format!(
        "i: after the run {} MB, at most {} MB\n",
        number(process::rss_mb(host.pid())),
        number(process::peak_mb(host.pid()))
    )
}
