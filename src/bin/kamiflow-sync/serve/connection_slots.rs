//! Who has a place at the server, and who gives it up when all are taken.
//!
//! A connection waits while no request is under way on it and all of every answer has left.
//! When a new one comes and there is no place, the one that has waited longest goes, whether
//! it was never asked anything or is kept for the next request. When none waits, one goes that
//! is stuck: its client takes in nothing of an answer. So connections that do nothing keep
//! nobody out, and one stays in the middle of a request whose client does its part.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How soon to look again for one that waits, when there was none.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long a client may take in nothing and keep its place, when others ask for it.
const STUCK: Duration = Duration::from_secs(5);

/// The places of a server. Clones are the same.
#[derive(Clone)]
pub struct Lobby {
    free: Arc<Semaphore>,
    queue: Arc<Mutex<Queue>>,
    patience: Duration,
}

/// Those that can go, by the order in which they began to wait or to be stuck.
#[derive(Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
    stuck: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

/// The place of one connection, given up when it is dropped.
pub struct Place {
    lobby: Lobby,
    state: Mutex<State>,
    /// The number among those that are stuck.
    stuck: Mutex<Option<u64>>,
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
            patience: STUCK,
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
            stuck: Mutex::default(),
            lobby: self.clone(),
            leave,
            _permit: permit,
        })
    }

    /// Calls the one that has waited longest, or else the one that has been stuck longest.
    fn call(&self) {
        let mut queue = self.queue();
        let waiting = queue.waiting.pop_first().map(|(_, leave)| leave);
        if let Some(leave) = waiting.or_else(|| queue.stuck_for(self.patience)) {
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

    fn add_stuck(&mut self, leave: &Arc<Notify>) -> u64 {
        self.next += 1;
        self.stuck
            .insert(self.next, (Instant::now(), leave.clone()));
        self.next
    }

    fn stuck_for(&mut self, patience: Duration) -> Option<Arc<Notify>> {
        let first = self.stuck.first_entry()?;
        (first.get().0.elapsed() >= patience).then(|| first.remove().1)
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

    /// The client takes in nothing more for now.
    pub fn stuck(&self) {
        self.stuck_number()
            .get_or_insert_with(|| self.lobby.queue().add_stuck(&self.leave));
    }

    /// The client took something in.
    pub fn moved(&self) {
        if let Some(number) = self.stuck_number().take() {
            self.lobby.queue().stuck.remove(&number);
        }
    }

    /// Whether the client takes in nothing.
    #[cfg(test)]
    pub fn is_stuck(&self) -> bool {
        self.stuck_number().is_some()
    }

    /// Resolves when this connection is called while it waits or is stuck.
    pub async fn called(&self) {
        loop {
            self.leave.notified().await;
            if self.is_called() {
                return;
            }
        }
    }

    /// Whether it was taken out of its queue for what it still is: who was called and began a
    /// request first may stay.
    fn is_called(&self) -> bool {
        let waiting = match *self.state() {
            State::Waiting(number) => Some(number),
            State::Busy | State::Answered => None,
        };
        let stuck = *self.stuck_number();
        let queue = self.lobby.queue();
        waiting.is_some_and(|number| !queue.waiting.contains_key(&number))
            || stuck.is_some_and(|number| !queue.stuck.contains_key(&number))
    }

    fn set(&self, new: State) {
        let mut state = self.state();
        if let State::Waiting(number) = *state {
            self.lobby.queue().waiting.remove(&number);
        }
        *state = new;
    }

    fn stuck_number(&self) -> MutexGuard<'_, Option<u64>> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set(State::Busy);
        self.moved();
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
    async fn where_nobody_waits_one_goes_whose_client_takes_in_nothing() {
        let lobby = Lobby {
            patience: Duration::ZERO,
            ..Lobby::new(3)
        };
        let [stuck, moved, at_work] = [
            lobby.enter().await,
            lobby.enter().await,
            lobby.enter().await,
        ];
        let _busy = [stuck.begin(), moved.begin(), at_work.begin()];
        for place in [&moved, &stuck] {
            place.stuck();
            place.stuck();
        }
        moved.moved();
        lobby.call();
        stuck.called().await;
        lobby.call();
        assert!(!is_called(&moved).await && !is_called(&at_work).await);
    }

    #[tokio::test]
    async fn a_client_that_pauses_for_a_moment_keeps_its_place() {
        let lobby = Lobby::new(1);
        let place = lobby.enter().await;
        let _busy = place.begin();
        place.stuck();
        lobby.call();
        assert!(!is_called(&place).await);
        drop((_busy, place));
        assert!(lobby.queue().stuck.is_empty());
    }

    #[tokio::test]
    async fn who_was_called_too_late_stays_although_its_client_pauses() {
        let lobby = Lobby::new(1);
        let place = lobby.enter().await;
        lobby.call();
        let _busy = place.begin();
        place.stuck();
        assert!(!is_called(&place).await);
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
