//! Wakes the requests that wait in an instance when something may have changed: one timer and one look serve all.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use wit_bindgen::{backpressure_dec, backpressure_inc, spawn_local};

use super::timer::{pause, within};
use super::with_app;
use crate::api::{Bell, Listener};

thread_local! {
    static BELL: Rc<Bell> = Rc::default();
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// A listener for changes from now on.
pub(super) fn listen() -> Listener {
    Listener::new(BELL.with(Rc::clone))
}

/// Sleeps until something may have changed since the last sleep, but not longer than `time`. Meanwhile, others come.
pub(super) async fn sleep(time: Duration, listener: &mut Listener) {
    look_while_needed();
    backpressure_dec();
    within(time, listener.rung()).await;
    backpressure_inc();
    listener.heed();
}

/// Looks twice a second while anybody waits, also when the request that began it is over.
fn look_while_needed() {
    if IS_LOOKING.replace(true) {
        return;
    }
    spawn_local(async {
        let _looking = Looking;
        while with_app(|app| app.watch.is_needed()) {
            pause(with_app(|app| app.watch.pause())).await;
            if with_app(|app| app.watch.look(&app.database)) {
                BELL.with(|bell| bell.ring());
            }
        }
    });
}

/// Somebody looks, until it is dropped. Those who sleep then wake, and one of them looks from then on: the host may have
/// given the request up that looked.
struct Looking;

impl Drop for Looking {
    fn drop(&mut self) {
        IS_LOOKING.set(false);
        BELL.with(|bell| bell.ring());
    }
}
