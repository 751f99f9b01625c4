//! Who has a place at the server, and who gives it up when all are taken.
//!
//! A connection waits while no request is under way on it and all of every answer has left.
//! When a new one comes and there is no place, the one that has waited longest goes, whether
//! it was never asked anything or is kept for the next request. So connections that do
//! nothing keep nobody out, and one in the middle of a request always stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How soon to look again for one that waits, when there was none.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The places of a server. Clones are the same.
#[derive(Clone)]
pub struct Lobby {
    free: Arc<Semaphore>,
    queue: Arc<Mutex<Queue>>,
}

/// Those that wait, by the order in which they began to.
#[derive(Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection, given up when it is dropped.
pub struct Place {
    lobby: Lobby,
    state: Mutex<State>,
    leave: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// With this number in the queue, which may have called it already.
    Waiting(u64),
    /// A request is under way.
    Busy,
    /// The answer is complete, and parts of it may not have left.
    Answered,
}

/// A request under way; dropped at the end of its answer.
pub struct Busy(Arc<Place>);

impl Lobby {
    /// A lobby with this many places.
    pub fn new(places: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(places)),
            queue: Arc::default(),
        }
    }

    /// Takes a place, and lets one that waits leave for it if need be.
    pub async fn enter(&self) -> Arc<Place> {
        let permit = loop {
            if self.free.available_permits() == 0 {
                self.call();
            }
            let free = self.free.clone().acquire_owned();
            if let Ok(Ok(permit)) = timeout(LOOK_AGAIN, free).await {
                break permit;
            }
        };
        let leave = Arc::default();
        Arc::new(Place {
            state: Mutex::new(State::Waiting(self.queue().add(&leave))),
            lobby: self.clone(),
            leave,
            _permit: permit,
        })
    }

    /// Calls the one that has waited longest.
    fn call(&self) {
        if let Some((_, leave)) = self.queue().waiting.pop_first() {
            leave.notify_one();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, leave: &Arc<Notify>) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, leave.clone());
        self.next
    }
}

impl Place {
    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.set(State::Busy);
        Busy(self.clone())
    }

    /// Everything that was written so far has left.
    pub fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Answered {
            *state = State::Waiting(self.lobby.queue().add(&self.leave));
        }
    }

    /// Resolves when this connection is called while it waits.
    pub async fn called(&self) {
        loop {
            self.leave.notified().await;
            if matches!(*self.state(), State::Waiting(_)) {
                return;
            }
        }
    }

    fn set(&self, new: State) {
        let mut state = self.state();
        if let State::Waiting(number) = *state {
            self.lobby.queue().waiting.remove(&number);
        }
        *state = new;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set(State::Busy);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set(State::Answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_called(place: &Place) -> bool {
        timeout(Duration::ZERO, place.called()).await.is_ok()
    }

    #[tokio::test]
    async fn a_full_lobby_calls_the_one_that_has_waited_longest() {
        let lobby = Lobby::new(3);
        let [asked, oldest, newest] = [
            lobby.enter().await,
            lobby.enter().await,
            lobby.enter().await,
        ];
        drop(asked.begin());
        asked.flushed();
        let other = lobby.clone();
        let entering = tokio::spawn(async move { other.enter().await });
        oldest.called().await;
        assert!(!is_called(&asked).await && !is_called(&newest).await);
        drop(oldest);
        entering.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_is_called_in_the_middle_of_a_request() {
        let lobby = Lobby::new(1);
        let place = lobby.enter().await;
        let busy = place.begin();
        let other = lobby.clone();
        let entering = tokio::spawn(async move { other.enter().await });
        assert!(timeout(2 * LOOK_AGAIN, place.called()).await.is_err());
        drop(busy);
        assert!(timeout(2 * LOOK_AGAIN, place.called()).await.is_err());
        place.flushed();
        place.called().await;
        drop(place);
        entering.await.unwrap();
    }

    #[tokio::test]
    async fn who_is_gone_is_not_called() {
        let lobby = Lobby::new(2);
        let [gone, here] = [lobby.enter().await, lobby.enter().await];
        drop(gone);
        assert_eq!(lobby.queue().waiting.len(), 1);
        let _entered = lobby.enter().await;
        assert!(!is_called(&here).await);
    }
}
