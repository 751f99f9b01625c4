//! The yardstick: the real server over real sockets, beside what the machine itself can do.
//!
//! * `cargo bench` — every row with its ceiling, measured in turns
//! * `cargo bench -- scale [FILES]` — how time and memory grow with the number of files
//! * `cargo bench -- devices` — 16 devices push while 16 pull
//!
//! In the environment, `ROUNDS` (5) and `SECONDS` (2, of each row in each round) change its length,
//! and `ONLY=be` leaves rows out.

mod bare;
mod client;
mod content;
mod devices;
mod load;
mod native;
mod process;
mod reading;
mod report;
mod rows;
mod scale;
mod start;
mod writing;

use support::Host;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benches too, without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("run by `cargo bench`");
    }
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    match words[..] {
        [] => rows::run(),
        ["scale"] => scale::run(&[1_000, 10_000, 100_000]),
        ["scale", files] => scale::run(&[files.parse().expect("a number of files")]),
        ["devices"] => devices::run(),
        _ => panic!("unknown mode {words:?}: none, scale [FILES], devices"),
    }
}

/// A server on an empty database that refuses none of the many requests.
fn server() -> Host {
    Host::with(&[
        ("RATE_LIMIT_MAX_REQUESTS", "4000000000"),
        ("MAX_FILES_PER_PROJECT", "10000000"),
    ])
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}
