//! What is lost with a machine whose standby continues from its last backup.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use support::{Build, Host, argument, run as command};
use tempfile::TempDir;

use crate::client::{self, Connection};
use crate::content::{File, body};
use crate::load::Target;
use crate::process;
use crate::projects::{SMALL, seed};
use crate::report::{self, median};
use crate::server::{self, describe, setting, target};

/// Between two pushes.
const PAUSE: Duration = Duration::from_millis(50);
const PROJECT: &str = "shared";

/// A machine and the copy of its database on another.
struct Pair {
    host: Host,
    copy: PathBuf,
    _elsewhere: TempDir,
}

/// What one failure of the machine took.
struct Loss {
    pushes: f64,
    seconds: f64,
    /// The longest, in seconds.
    backup: f64,
}

/// Measures projects of these sizes and writes `target/yardstick-standby.md`.
pub fn run(sizes: &[usize]) {
    let (before, build) = (process::machine(), Build::current());
    let rounds = setting("ROUNDS", 5);
    let mut text = report::head(&[
        "Files",
        "Pause between backups s",
        "Longest backup s",
        "Pushes lost",
        "Seconds lost",
        "Most seconds lost",
    ]);
    for files in sizes {
        for pause in [0, setting("EVERY", 10)] {
            let losses: Vec<Loss> = (0..rounds)
                .map(|round| lose(&build, *files, pause, (round as f64 + 0.5) / rounds as f64))
                .collect();
            text += &line(*files, pause, &losses);
        }
    }
    let machine = format!("Before: {before}; after: {}", process::machine());
    let server = format!("Server: {}", describe(&build));
    report::publish(
        "yardstick-standby.md",
        &format!("{machine}\n\n{server}\n\n{text}"),
    );
}

fn line(files: usize, pause: u64, losses: &[Loss]) -> String {
    let middle = |of: fn(&Loss) -> f64| report::number(median(losses.iter().map(of)));
    let most = losses.iter().map(|loss| loss.seconds).fold(0.0, f64::max);
    report::line(&[
        files.to_string(),
        pause.to_string(),
        middle(|loss| loss.backup),
        middle(|loss| loss.pushes),
        middle(|loss| loss.seconds),
        report::number(most),
    ])
}

/// Loses the machine when this share of the time between two backups is over.
fn lose(build: &Build, files: usize, pause: u64, share: f64) -> Loss {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let pair = Pair {
        host: server::start(build),
        copy: elsewhere.path().join("sync.db"),
        _elsewhere: elsewhere,
    };
    let target = target(&pair.host);
    seed(&target, PROJECT, files, 500);
    let first = pair.back_up();
    let (is_over, pause) = (AtomicBool::new(false), Duration::from_secs(pause));
    let (acknowledged, backup, last, lost_at) = scope(|scope| {
        let pushes = scope.spawn(|| push(&target, &is_over));
        let backups = scope.spawn(|| pair.back_up_again(pause, &is_over));
        // From the second backup on.
        sleep((pause + first).mul_f64(1.0 + share));
        let (last, lost_at) = (keep(&pair.copy), Instant::now());
        is_over.store(true, SeqCst);
        let pushes = pushes.join().expect("pushes");
        (pushes, backups.join().expect("backups"), last, lost_at)
    });
    let lost = acknowledged.get(files_of(last) - files..);
    let lost = lost.unwrap_or_default().iter().filter(|at| **at <= lost_at);
    let lost: Vec<_> = lost.collect();
    Loss {
        pushes: lost.len() as f64,
        seconds: lost
            .first()
            .map_or(0.0, |first| (lost_at - **first).as_secs_f64()),
        backup: first.max(backup).as_secs_f64(),
    }
}

impl Pair {
    /// Copies the database and returns how long that took.
    fn back_up(&self) -> Duration {
        let began = Instant::now();
        let copy = argument(&self.copy);
        command(&self.host.database(), &["backup", "--force", copy]).good();
        began.elapsed()
    }

    /// Copies again and again, and returns how long it took at most.
    fn back_up_again(&self, pause: Duration, is_over: &AtomicBool) -> Duration {
        let mut longest = Duration::ZERO;
        while !is_over.load(SeqCst) {
            longest = longest.max(self.back_up());
            sleep(pause);
        }
        longest
    }
}

/// Pushes new files one after the other. Returns when each was acknowledged.
fn push(target: &Target, is_over: &AtomicBool) -> Vec<Instant> {
    let (mut connection, mut acknowledged) = (Connection::open(&target.address), Vec::new());
    while !is_over.load(SeqCst) {
        connection.good(&client::push(PROJECT, &body(&[File::new(None, SMALL)])));
        acknowledged.push(Instant::now());
        sleep(PAUSE);
    }
    acknowledged
}

/// The copy as it is now, in the folder of a server.
fn keep(copy: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(copy, folder.path().join("sync.db")).expect("a copy");
    folder
}

/// The files that a standby has which continues in this folder.
fn files_of(folder: TempDir) -> usize {
    let standby = Host::resume(folder, &[]);
    let count = standby.client().status(PROJECT)["fileCount"].as_u64();
    count.expect("a count") as usize
}
