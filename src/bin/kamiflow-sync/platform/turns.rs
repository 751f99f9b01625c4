//! Requests that compute for long do so in turns, and leave the other cores to short ones.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of all long requests. Clones are the same.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

/// The turn of one instance, which ends when its guest waits for anything.
#[derive(Debug, Default)]
pub struct Turn(Mutex<Option<OwnedSemaphorePermit>>);

impl Turns {
    /// Half of the cores compute for long requests.
    pub fn new(cores: usize) -> Self {
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Lets others run, and waits for the next turn of an instance.
    pub fn next(&self, turn: Arc<Turn>) -> impl Future<Output = ()> + Send + use<> {
        let turns = self.0.clone();
        async move {
            turn.end();
            tokio::task::yield_now().await;
            let permit = turns.acquire_owned().await;
            *turn.permit() = permit.ok();
        }
    }
}

impl Turn {
    /// Gives the turn to others. To be called whenever the guest waits: its client may keep it waiting for
    /// minutes.
    pub fn end(&self) {
        drop(self.permit().take());
    }

    /// Runs what a guest does, without a turn while that waits.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            self.end();
            polled
        })
        .await
    }

    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_long_request_waits_until_the_turn_of_another_is_over() {
        let turns = Turns::new(2);
        let [one, other] = [(); 2].map(|()| Arc::<Turn>::default());
        turns.next(one.clone()).await;
        turns.next(one.clone()).await;
        let mut waiting = Box::pin(turns.next(other.clone()));
        assert!(timeout(SHORT, &mut waiting).await.is_err());
        one.end();
        waiting.await;
        drop(other);
        turns.next(one).await;
    }

    #[tokio::test]
    async fn a_guest_that_waits_leaves_its_turn_to_others() {
        let turns = Turns::new(2);
        let [one, other] = [(); 2].map(|()| Arc::<Turn>::default());
        let mut guest = Box::pin(one.run(async {
            turns.next(one.clone()).await;
            assert_eq!(turns.0.available_permits(), 0);
            std::future::pending::<()>().await;
        }));
        assert!(timeout(SHORT, &mut guest).await.is_err());
        timeout(SHORT, turns.next(other)).await.unwrap();
    }
}
