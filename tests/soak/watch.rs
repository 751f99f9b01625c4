//! The resources that the server uses under load, and their limits.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::Host;

/// MB of memory at any time: twice what half an hour takes.
const MAX_RSS_MB: u64 = 160;
/// Open files at any time: connections of the load, and three for each instance that has the database open.
const MAX_FILES: u64 = 160;
/// Open files after the load.
const MAX_FILES_AFTER: u64 = 96;
/// Threads at any time.
const MAX_THREADS: u64 = 32;
/// MB of the write-ahead log: a checkpoint is due at 4, and waits for readers.
const MAX_WAL_MB: u64 = 32;

/// Lines of the table.
const SAMPLES: u32 = 30;

/// A measurement.
struct Sample {
    seconds: u64,
    answered: u64,
    rss_mb: u64,
    files: u64,
    threads: u64,
    wal_kb: u64,
    database_kb: u64,
}

/// Measures a server again and again.
pub struct Watch {
    pid: u32,
    database: PathBuf,
    start: Instant,
    every: Duration,
    samples: Vec<Sample>,
}

impl Watch {
    /// Watches this server for a while.
    pub fn new(host: &Host, time: Duration) -> Self {
        Self {
            pid: host.pid(),
            database: host.database(),
            start: Instant::now(),
            every: time / SAMPLES,
            samples: Vec::new(),
        }
    }

    /// Waits, measures, and requires that the server stays within its limits.
    pub fn sample(&mut self, answered: &AtomicU64) {
        sleep(self.every);
        let sample = self.look(answered);
        let within = sample.rss_mb <= MAX_RSS_MB
            && sample.files <= MAX_FILES
            && sample.threads <= MAX_THREADS
            && sample.wal_kb <= MAX_WAL_MB << 10;
        self.samples.push(sample);
        assert!(within, "past a bound:\n{}", self.table());
    }

    /// Measures once more after the load and requires that the resources of requests are released.
    pub fn after(&mut self, answered: &AtomicU64) {
        sleep(Duration::from_secs(2));
        let sample = self.look(answered);
        let within = sample.files <= MAX_FILES_AFTER;
        self.samples.push(sample);
        assert!(within, "not given back:\n{}", self.table());
    }

    fn look(&self, answered: &AtomicU64) -> Sample {
        let process = PathBuf::from(format!("/proc/{}", self.pid));
        let status = fs::read_to_string(process.join("status")).expect("a process");
        let files = fs::read_dir(process.join("fd")).expect("its files");
        Sample {
            seconds: self.start.elapsed().as_secs(),
            answered: answered.load(Ordering::Relaxed),
            rss_mb: field(&status, "VmRSS:") >> 10,
            files: files.count() as u64,
            threads: field(&status, "Threads:"),
            wal_kb: size_kb(&self.database.with_extension("db-wal")),
            database_kb: size_kb(&self.database),
        }
    }

    fn table(&self) -> String {
        let mut table = String::from(
            "| Seconds | Answered | RSS MB | Open files | Threads | WAL KB | Database KB |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for sample in &self.samples {
            let Sample {
                seconds,
                answered,
                rss_mb,
                files,
                threads,
                wal_kb,
                database_kb,
            } = sample;
            writeln!(
                table,
                "| {seconds} | {answered} | {rss_mb} | {files} | {threads} | {wal_kb} | {database_kb} |"
            )
            .expect("a String takes all");
        }
        table
    }

    /// Prints the table and keeps it in the target folder.
    pub fn publish(&self) {
        println!("{}", self.table());
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let path = target.expect("a target folder").join("soak.md");
        fs::write(path, self.table()).expect("the table is kept");
    }
}

/// The number behind a name in `/proc/PID/status`.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).expect("a number")
}

fn size_kb(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len() >> 10)
}
