//! What the system reports about a process and the machine.

use std::fs::read_to_string;

/// Milliseconds of a clock tick in `/proc/PID/stat`.
const TICK_MS: f64 = 10.0;

/// Milliseconds of CPU that a process and its children have used: Spin serves in a child.
pub fn cpu_ms(pid: u32) -> f64 {
    with_children(pid, cpu_ms_of)
}

fn cpu_ms_of(pid: u32) -> f64 {
    let stat = read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(") ").expect("a command in brackets");
    let ticks = fields.split(' ').skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * TICK_MS
}

/// The sum of what `read` says of a process and of its children.
fn with_children(pid: u32, read: impl Fn(u32) -> f64) -> f64 {
    let children = read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|child| child.parse().ok());
    read(pid) + children.map(&read).sum::<f64>()
}

/// MB of memory that a process uses now.
pub fn rss_mb(pid: u32) -> f64 {
    status_mb(pid, "VmRSS:")
}

/// MB of memory that a process used at its peak.
pub fn peak_mb(pid: u32) -> f64 {
    status_mb(pid, "VmHWM:")
}

fn status_mb(pid: u32, name: &str) -> f64 {
    with_children(pid, |pid| status_mb_of(pid, name))
}

fn status_mb_of(pid: u32, name: &str) -> f64 {
    let status = read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<f64>().ok()).expect("a size") / 1024.0
}

/// The load average of the last minute, and the number of cores.
pub fn machine() -> String {
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("load {load}, {cores} cores")
}
