//! Requests that compute for long do so in turns, and leave the other cores to short ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of all long requests. Clones are the same.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

/// The turn of one request.
#[derive(Debug, Default)]
pub struct Turn(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    permit: Option<OwnedSemaphorePermit>,
    has_ended: bool,
}

impl Turns {
    /// Half of the cores compute for long requests.
    pub fn new(cores: usize) -> Self {
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Lets others run, and waits for the next turn of a request.
    pub fn next(&self, turn: Arc<Turn>) -> impl Future<Output = ()> + Send + use<> {
        let turns = self.0.clone();
        async move {
            turn.pause();
            tokio::task::yield_now().await;
            let permit = turns.acquire_owned().await;
            turn.begin(permit.ok());
        }
    }
}

impl Turn {
    /// Gives the turn to others while the request waits for something else.
    pub fn pause(&self) {
        drop(self.state().permit.take());
    }

    /// Gives the turn back for good.
    pub fn end(&self) {
        *self.state() = State {
            permit: None,
            has_ended: true,
        };
    }

    fn begin(&self, permit: Option<OwnedSemaphorePermit>) {
        let mut state = self.state();
        state.permit = permit.filter(|_| !state.has_ended);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_long_request_waits_until_the_turn_of_another_is_over() {
        let turns = Turns::new(2);
        let [one, other] = [(); 2].map(|()| Arc::<Turn>::default());
        turns.next(one.clone()).await;
        turns.next(one.clone()).await;
        let mut waiting = Box::pin(turns.next(other.clone()));
        let short = Duration::from_millis(10);
        assert!(timeout(short, &mut waiting).await.is_err());
        one.pause();
        waiting.await;
        other.end();
        turns.next(other).await;
        turns.next(one).await;
    }
}
