//! How fast the client is: the first push and the first pull of 10,000 files, a round in which nothing
//! changed, how soon a save is on the disk of another device, and the memory that watching takes.

mod device;
mod report;

use std::time::{Duration, Instant};

use support::{Build, Host};

use device::Device;
use report::Report;

const HELP: &str = "\
cargo bench -- client               writes target/client.md

FILES=10000 of 5 KB, ROUNDS=5 of the first three rows and SAVES=200 set the length.";

/// Bytes of a file.
const SIZE: usize = 5_000;
/// Between two saves, so that none waits to go up with the one before.
const PAUSE: Duration = Duration::from_millis(1_200);
/// A save that is not seen by then is lost.
const LOST: Duration = Duration::from_secs(60);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benches too, without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("{HELP}");
    }
    // The other words are for the benchmarks of the server.
    if !arguments.iter().any(|argument| argument == "client") {
        return;
    }
    let limits = [
        ("RATE_LIMIT_MAX_REQUESTS", "4000000000"),
        ("MAX_FILES_PER_PROJECT", "10000000"),
    ];
    let host = Host::of(&Build::current(), &limits);
    let files = setting("FILES", 10_000);
    let mut report = Report::new(files);
    // To the end: where thousands of files were just deleted, ext4 is slow to make new ones.
    let mut kept = Vec::new();
    for round in 0..setting("ROUNDS", 5) {
        kept.push(rounds(&mut report, &host, &format!("round{round}"), files));
    }
    watch(&mut report, &host, files);
    report.publish();
}

/// A first push, a first pull and rounds without changes, in a new project. Returns its devices.
fn rounds(report: &mut Report, host: &Host, project: &str, files: usize) -> [Device; 2] {
    let [first, second] = devices(host, project);
    first.fill(files, SIZE);
    report.time("first push, s", || first.sync());
    report.time("first pull, s", || second.sync());
    // What was written in the tick of a look is read once more by the next.
    first.sync();
    second.sync();
    report.time("nothing changed, s", || first.sync());
    [first, second]
}

/// Saves on one device, and waits for each on the other.
fn watch(report: &mut Report, host: &Host, files: usize) {
    let [first, second] = devices(host, "watched");
    first.fill(files, SIZE);
    first.sync();
    let watches = [first.watch(), second.watch()];
    wait_until(|| second.count() == files);
    std::thread::sleep(5 * PAUSE);
    for save in 0..setting("SAVES", 200) {
        let text = format!("save {save}\n");
        let path = format!("ideas/{}/{save}.md", save % 100);
        first.write(&path, text.as_bytes());
        report.time("saved here, seen there, s", || {
            wait_until(|| second.read(&path).as_deref() == Some(text.as_bytes()));
        });
        std::thread::sleep(PAUSE);
    }
    let rows = [
        ["memory of a watch, MB", "at most, MB"],
        [
            "memory of a watch that brought all files, MB",
            "at most then, MB",
        ],
    ];
    for (watch, rows) in watches.iter().zip(rows) {
        let memory = device::memory_mb(watch.id());
        for (row, memory) in rows.into_iter().zip(memory) {
            report.add(row, memory);
        }
    }
}

/// Two devices of a project.
fn devices(host: &Host, project: &str) -> [Device; 2] {
    ["first", "second"].map(|name| Device::new(name, &host.url, project))
}

fn wait_until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LOST, "it is not seen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}
