//! Several devices do random things, and the server is compared with a model: after every step when
//! they take turns, and afterwards when they act at the same time.
//!
//! `KAMIFLOW_LONG=1` runs many more cases; `KAMIFLOW_SEED=…` repeats a run whose seed was printed.

mod call;
mod concurrent;
mod device;
mod linearize;
mod matches;
mod model;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::world::{Action, DEVICES, PATHS, Step, World};
use support::Host;

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..PATHS.len()).prop_map(Action::Edit),
        2 => (0..PATHS.len()).prop_map(Action::Remove),
        6 => lost().prop_map(|lost| Action::Push { lost }),
        6 => (1..4_usize, 1..4_usize, lost()).prop_map(|(limit, pages, lost)| Action::Pull { limit, pages, lost }),
        1 => (0..PATHS.len(), 0..4_usize).prop_map(|(path, back)| Action::Restore { path, back }),
        1 => (0..8_usize, any::<bool>()).prop_map(|(back, dry)| Action::RestoreMoment { back, dry }),
        1 => (0..PATHS.len(), proptest::option::of(0..4_usize)).prop_map(|(path, back)| Action::Purge { path, back }),
        1 => Just(Action::Forget),
        1 => prop_oneof![3 => Just(Action::Status), 1 => Just(Action::DeleteProject)],
    ]
}

fn lost() -> impl Strategy<Value = bool> {
    prop_oneof![3 => Just(false), 1 => Just(true)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..DEVICES.len(), action());
    vec(
        step.prop_map(|(device, action)| Step { device, action }),
        1..60,
    )
}

fn seed() -> u64 {
    match std::env::var("KAMIFLOW_SEED") {
        Ok(seed) => seed.parse().expect("KAMIFLOW_SEED is a number"),
        Err(_) => getrandom::u64().expect("randomness"),
    }
}

fn is_long() -> bool {
    std::env::var_os("KAMIFLOW_LONG").is_some()
}

#[test]
fn devices_converge_whatever_they_do() {
    let seed = seed();
    println!("KAMIFLOW_SEED={seed}");
    let config = Config {
        cases: if is_long() { 2000 } else { 60 },
        max_shrink_iters: 3000,
        failure_persistence: None,
        ..Config::default()
    };
    let seed: Vec<u8> = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let host = Host::start();
    let mut number = 0;
    let cases = std::cell::RefCell::new(&mut number);
    TestRunner::new_with_rng(config, rng)
        .run(&steps(), |steps| {
            **cases.borrow_mut() += 1;
            let mut world = World::new(host.client(), format!("case {}", cases.borrow()));
            steps.iter().for_each(|step| world.take(step));
            world.settle();
            world.check_history();
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// The requests are the same in every run; their timing is not.
#[test]
fn concurrent_requests_are_linearizable() {
    let host = Host::start();
    for round in 0..if is_long() { 200 } else { 5 } {
        for calls in concurrent::record(&host, round) {
            for status in [200, 404, 409] {
                assert!(calls.iter().any(|call| call.answer.status == status));
            }
            linearize::check(calls);
        }
    }
}
