//! Devices in their folders, the real server, and everything that can go wrong between them.
//!
//! Three devices edit, rename and delete the same few files. Their rounds are real processes, which are
//! killed at random moments; the server is killed too, and what is between them cuts, delays and repeats. In
//! one of the folders the KamiFlow CLI works as well, and two of the clocks are wrong.
//!
//! In the end all folders must be the same, and every text that a person saved and a round has seen must
//! be in a folder, in the trash or in the history.
//!
//! A failure prints its seed: `KAMISYNC_SEED=n cargo test --test devices` begins with it.

mod cli;
mod device;
mod ledger;
mod person;
mod proxy;
mod server;
mod world;

use std::time::{Duration, Instant};

use world::World;

/// Runs worlds from a seed on, until the time is over or as many as asked for.
fn run(time: Duration, most: u64) {
    let named = std::env::var("KAMISYNC_SEED").ok();
    let first = named.map_or_else(fresh_seed, |seed| seed.parse().expect("a number"));
    let (start, mut worlds, mut rounds) = (Instant::now(), 0, 0);
    while worlds < most && start.elapsed() < time {
        let seed = first + worlds;
        println!("KAMISYNC_SEED={seed}");
        rounds += World::new(seed).run();
        worlds += 1;
    }
    println!("{worlds} worlds, {rounds} rounds, {:.0?}", start.elapsed());
}

fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a clock").as_secs() * 1000
}

#[test]
fn devices_come_together_and_no_text_is_lost() {
    run(Duration::from_secs(25), 1000);
}

/// `KAMISYNC_MINUTES` says how long, by default 30.
#[ignore = "takes half an hour"]
#[test]
fn devices_come_together_after_thousands_of_rounds() {
    let minutes = std::env::var("KAMISYNC_MINUTES").ok();
    let minutes: u64 = minutes.map_or(30, |minutes| minutes.parse().expect("a number"));
    run(Duration::from_secs(60 * minutes), u64::MAX);
}
