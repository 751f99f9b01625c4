//! A timeout that costs a timer only when there is something to wait for: most answers are ready at
//! once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Waits for at most this long, and then returns `None`.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn what_is_ready_in_time_is_returned() {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Some(1));
        let short = tokio::time::sleep(Duration::from_millis(1));
        assert_eq!(timeout(Duration::from_secs(60), short).await, Some(()));
        assert_eq!(
            timeout(Duration::from_millis(1), pending::<()>()).await,
            None
        );
    }
}
