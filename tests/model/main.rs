//! Several devices do random things, and the server is compared with a model of what it promises:
//! after every step of one project, and after the fact when all do them at the same time.
//!
//! `KAMIFLOW_LONG=1` runs many more cases; `KAMIFLOW_SEED=…` repeats a run whose seed was printed.

mod call;
mod crowd;
mod device;
mod line;
mod promise;
mod told;
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
fn whatever_devices_do_they_end_up_with_what_the_server_promises() {
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

/// What is asked is the same in every run; how it meets is not.
#[test]
fn what_is_done_at_the_same_time_is_as_if_one_came_after_the_other() {
    let host = Host::start();
    for round in 0..if is_long() { 200 } else { 5 } {
        for calls in crowd::gather(&host, round) {
            for status in [200, 404, 409] {
                assert!(calls.iter().any(|call| call.answer.status == status));
            }
            line::check(calls);
        }
    }
}
