//! How many requests without a body compute at once.
//!
//! A page takes a millisecond of computing and waits for nothing. Devices that pull all the time
//! would fill the queue of every thread, and a push, which waits for its body, its turn and the
//! disk, would stand at the end of one after each of its steps. So no more of them start than
//! there are cores, and a push finds short queues.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// After this time the next one starts beside it: it waits for something, or has so much to
/// compute that it must not hold up the short ones.
const HEAD_START: Duration = Duration::from_millis(20);

/// Cores that this process may use; 2 where the system does not say.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Lets requests start.
#[derive(Debug)]
pub struct Pace(Semaphore);

impl Pace {
    /// A pace for this many cores.
    pub fn new(cores: usize) -> Self {
        Self(Semaphore::new(cores))
    }

    /// Runs `request` when it is its turn, in the order of asking.
    pub async fn run<T>(&self, request: impl Future<Output = T>) -> T {
        let start = self.0.acquire().await;
        let mut request = pin!(request);
        match timeout(HEAD_START, &mut request).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                drop(start);
                request.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn no_more_start_than_there_are_cores() {
        let pace = Pace::new(1);
        let mut first = pin!(pace.run(pending::<()>()));
        assert!(timeout(Duration::ZERO, &mut first).await.is_err());
        let second = pace.run(ready(()));
        assert!(timeout(Duration::ZERO, second).await.is_err());
    }

    #[tokio::test]
    async fn one_that_takes_long_holds_nobody_up() {
        let pace = Pace::new(1);
        let endless = pace.run(pending::<()>());
        tokio::select! {
            biased;
            () = endless => unreachable!(),
            () = pace.run(ready(())) => {}
        }
        pace.run(ready(())).await;
    }
}
