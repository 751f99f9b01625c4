//! Wakes the requests that wait in an instance when something may have changed: one timer and one look serve all.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

use wit_bindgen::{backpressure_dec, backpressure_inc, spawn_local};

use super::timer::{pause, within};
use super::with_app;

#[derive(Default)]
struct Bell {
    /// How often it rang.
    rings: Cell<u64>,
    /// Those who sleep, by a number of their own.
    sleepers: RefCell<BTreeMap<u64, Waker>>,
    next: Cell<u64>,
    is_looking: Cell<bool>,
}

thread_local! {
    static BELL: Bell = Bell::default();
}

/// How often the bell has rung.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard(u64);

impl Heard {
    pub(super) fn now() -> Self {
        BELL.with(|bell| Self(bell.rings.get()))
    }
}

/// Sleeps until something may have changed since it was `heard` last, but not longer than `time`. Meanwhile, others come.
pub(super) async fn sleep(time: Duration, heard: &mut Heard) {
    look_while_needed();
    let sleeper = Sleeper::new(*heard);
    let ringing = poll_fn(|context| match sleeper.is_over(context.waker()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    });
    backpressure_dec();
    within(time, ringing).await;
    backpressure_inc();
    *heard = Heard::now();
}

/// Looks twice a second while anybody waits, also when the request that began it is over.
fn look_while_needed() {
    if BELL.with(|bell| bell.is_looking.replace(true)) {
        return;
    }
    spawn_local(async {
        let _looking = Looking;
        while with_app(|app| app.watch.is_needed()) {
            pause(with_app(|app| app.watch.pause())).await;
            if with_app(|app| app.watch.look(&app.database)) {
                BELL.with(Bell::ring);
            }
        }
    });
}

impl Bell {
    fn ring(&self) {
        self.rings.set(self.rings.get() + 1);
        self.sleepers.take().into_values().for_each(Waker::wake);
    }
}

/// Somebody looks, until it is dropped. Those who sleep then wake, and one of them looks from then on: the host may have
/// given the request up that looked.
struct Looking;

impl Drop for Looking {
    fn drop(&mut self) {
        BELL.with(|bell| {
            bell.is_looking.set(false);
            bell.ring();
        });
    }
}

struct Sleeper {
    number: u64,
    heard: Heard,
}

impl Sleeper {
    fn new(heard: Heard) -> Self {
        let number = BELL.with(|bell| bell.next.replace(bell.next.get() + 1));
        Self { number, heard }
    }

    fn is_over(&self, waker: &Waker) -> bool {
        BELL.with(|bell| {
            let mut sleepers = bell.sleepers.borrow_mut();
            sleepers.insert(self.number, waker.clone());
        });
        Heard::now() != self.heard
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        BELL.with(|bell| bell.sleepers.borrow_mut().remove(&self.number));
    }
}
