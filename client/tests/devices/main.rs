//! Devices in their folders, the real server, and everything that can go wrong between them.
//!
//! Three devices edit, rename and delete the same few files. Their rounds and watches are real processes, which are
//! killed at random moments; the server is killed too, and what is between them cuts, delays and repeats. In
//! one of the folders the KamiFlow CLI works as well, and two of the clocks are wrong.
//!
//! In the end all folders must be the same, and every text that a person saved and a round has seen must
//! be in a folder, in the trash or in the history.
//!
//! A failure is tried again with ever fewer steps. The shortest list that fails is printed last, as a command that
//! runs it: `KAMISYNC_SEED=n KAMISYNC_STEPS=3,17 cargo test --test devices`.

mod cli;
mod device;
mod ledger;
mod person;
mod proxy;
mod rounds;
mod server;
mod shrink;
mod steps;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use shrink::shrink;
use world::World;

/// How many things happen in a world before the devices settle.
const STEPS: u64 = 60;
/// How often a failing world is tried with fewer steps.
const TRIES: usize = 60;
/// How often a list of steps is run before it counts as one that does not fail: when something is killed or cut is
/// a matter of time.
const RUNS: usize = 2;

/// Runs worlds from a seed on, until the time is over or as many as asked for.
fn run(time: Duration, most: u64) {
    let first = number("KAMISYNC_SEED").unwrap_or_else(fresh_seed);
    let steps = named_steps().unwrap_or_else(|| (0..STEPS).collect());
    let (start, mut worlds, mut rounds) = (Instant::now(), 0, 0);
    while worlds < most && start.elapsed() < time {
        let seed = first + worlds;
        println!("KAMISYNC_SEED={seed}");
        let Some((more, texts)) = attempt(seed, &steps) else {
            shortest_of(seed, &steps)
        };
        assert!(texts > 0, "nothing was saved");
        rounds += more;
        worlds += 1;
        println!("{worlds} worlds, {rounds} rounds, {:.0?}", start.elapsed());
    }
}

/// Rounds and texts of a world with these steps; none when it fails.
fn attempt(seed: u64, steps: &[u64]) -> Option<(u64, usize)> {
    catch_unwind(AssertUnwindSafe(|| World::new(seed).run(steps))).ok()
}

/// Fails with the shortest list of steps that was found. The world that failed last has printed its log.
fn shortest_of(seed: u64, steps: &[u64]) -> ! {
    let fails = |steps: &[u64]| (0..RUNS).any(|_| attempt(seed, steps).is_none());
    let shortest = shrink(steps, TRIES, fails);
    let list: Vec<String> = shortest.iter().map(u64::to_string).collect();
    let list = list.join(",");
    panic!(
        "{} of {} steps are enough: KAMISYNC_SEED={seed} KAMISYNC_STEPS={list} cargo test --test devices",
        shortest.len(),
        steps.len()
    )
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// The steps that a failure has printed.
fn named_steps() -> Option<Vec<u64>> {
    let text = std::env::var("KAMISYNC_STEPS").ok()?;
    let numbers = text.split(',').filter(|number| !number.is_empty());
    Some(
        numbers
            .map(|text| text.parse().expect("a number"))
            .collect(),
    )
}

fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a clock").as_secs() * 1000
}

#[test]
fn devices_come_together_and_no_text_is_lost() {
    run(Duration::from_secs(25), 1000);
}

/// `KAMISYNC_MINUTES=60 cargo test --test devices -- --ignored` runs an hour; without the variable, half of one.
#[ignore = "takes half an hour"]
#[test]
fn devices_come_together_after_thousands_of_rounds() {
    let minutes = number("KAMISYNC_MINUTES").unwrap_or(30);
    run(Duration::from_secs(60 * minutes), u64::MAX);
}
