//! How many requests without a body compute at once.
//!
//! A page of a pull takes about a millisecond of computing and waits for nothing. Devices that pull
//! all the time would fill the run queue of every thread, and a push, which waits for its body, for
//! the write lock and for the disk, would join the end of such a queue after each of its steps. So
//! no more requests without a body start at once than there are cores, and the queues stay short.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::timeout::timeout;

/// A request that takes longer makes room for the next one: it is waiting for something, or
/// has so much to compute that it must not delay the short ones.
const SHORT_REQUEST: Duration = Duration::from_millis(20);

/// Cores that this process may use; 2 when the system does not tell.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

#[derive(Debug)]
pub struct ComputeLimit(Semaphore);

impl ComputeLimit {
    pub fn new(cores: usize) -> Self {
        Self(Semaphore::new(cores))
    }

    /// Runs `request` once fewer than the limit are computing, first come, first served.
    pub async fn run<T>(&self, request: impl Future<Output = T>) -> T {
        let permit = self.0.acquire().await;
        let mut request = pin!(request);
        match timeout(SHORT_REQUEST, &mut request).await {
            Some(response) => response,
            None => {
                drop(permit);
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
    async fn no_more_requests_start_than_there_are_cores() {
        let limit = ComputeLimit::new(1);
        let mut first = pin!(limit.run(pending::<()>()));
        assert!(timeout(Duration::ZERO, &mut first).await.is_none());
        let second = limit.run(ready(()));
        assert!(timeout(Duration::ZERO, second).await.is_none());
    }

    #[tokio::test]
    async fn a_long_request_delays_no_other() {
        let limit = ComputeLimit::new(1);
        let endless = limit.run(pending::<()>());
        tokio::select! {
            biased;
            () = endless => unreachable!(),
            () = limit.run(ready(())) => {}
        }
        limit.run(ready(())).await;
    }
}
