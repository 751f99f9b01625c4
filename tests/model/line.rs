//! Puts what was asked at the same time into one line, in which each call comes after all that were
//! answered before it was sent, and is answered as the rules say after those before it.
//!
//! Revs say in which order the changes stand, so nothing has to be tried out: every other call goes
//! to the first state of the project that it fits.

use crate::call::{Asked, Call};
use crate::promise::Promise;

/// Fails when there is no such line for the calls of one project.
pub fn check(calls: Vec<Call>) {
    let (mut changes, mut looks): (Vec<_>, Vec<_>) =
        calls.into_iter().partition(|call| call.rev().is_some());
    changes.sort_by_key(Call::rev);
    looks.sort_by_key(|call| call.sent);
    let mut promise = Promise::default();
    for (at, change) in changes.iter().enumerate() {
        place(&mut looks, &promise, &changes[at..]);
        in_time(change, &changes[at + 1..], &looks, &promise);
        let Asked::Push(entries) = &change.asked else {
            unreachable!("only a push has a rev");
        };
        promise.push(&change.device, entries, &change.answer);
    }
    place(&mut looks, &promise, &[]);
    if let Some(look) = looks.first() {
        panic!("{look} at the end of {promise:?}");
    }
}

/// Takes away the calls that fit this state and follow on nothing that is still to come.
fn place(looks: &mut Vec<Call>, promise: &Promise, changes: &[Call]) {
    let mut before = changes.iter().map(|change| change.answered).min();
    looks.retain(|look| {
        let may = before.is_none_or(|before| look.sent <= before);
        let placed = may && look.fits(promise);
        if !placed {
            before = before.into_iter().chain([look.answered]).min();
        }
        !placed
    });
}

/// Nothing that is still to be placed was answered before the next change was sent.
fn in_time(next: &Call, changes: &[Call], looks: &[Call], promise: &Promise) {
    let mut still = changes.iter().chain(looks);
    if let Some(late) = still.find(|call| call.answered < next.sent) {
        panic!("{late} was answered before {next} was sent, in {promise:?}");
    }
}
