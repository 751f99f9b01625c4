//! Checks that concurrent calls are linearizable: there is one order in which each call comes after
//! all calls that were answered before it was sent, and its answer matches the model at that point.
//!
//! Revs give the order of the changes, so no search is needed: every read goes to the first state of
//! the project that it matches.

use crate::call::{Call, Request};
use crate::model::Model;

/// Fails when there is no such order for the calls of one project.
pub fn check(calls: Vec<Call>) {
    let (mut changes, mut reads): (Vec<_>, Vec<_>) =
        calls.into_iter().partition(|call| call.rev().is_some());
    changes.sort_by_key(Call::rev);
    reads.sort_by_key(|call| call.sent);
    let mut model = Model::default();
    for (at, change) in changes.iter().enumerate() {
        remove_matching(&mut reads, &model, &changes[at..]);
        in_time(change, &changes[at + 1..], &reads, &model);
        let Request::Push(entries) = &change.request else {
            unreachable!("only a push has a rev");
        };
        model.push(&change.device, entries, &change.answer);
    }
    remove_matching(&mut reads, &model, &[]);
    if let Some(read) = reads.first() {
        panic!("{read} at the end of {model:?}");
    }
}

/// Removes the reads that match this state and were not sent after a later change was answered.
fn remove_matching(reads: &mut Vec<Call>, model: &Model, changes: &[Call]) {
    let mut before = changes.iter().map(|change| change.answered).min();
    reads.retain(|read| {
        let may = before.is_none_or(|before| read.sent <= before);
        let matched = may && read.matches(model);
        if !matched {
            before = before.into_iter().chain([read.answered]).min();
        }
        !matched
    });
}

/// No call that is left was answered before the next change was sent.
fn in_time(next: &Call, changes: &[Call], reads: &[Call], model: &Model) {
    let mut still = changes.iter().chain(reads);
    if let Some(late) = still.find(|call| call.answered < next.sent) {
        panic!("{late} was answered before {next} was sent, in {model:?}");
    }
}
