//! Time on WASI 0.3.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::bindings::wasi::clocks0_3_0::monotonic_clock::wait_for;

/// Waits.
pub(super) async fn pause(time: Duration) {
    wait_for(time.as_nanos() as u64).await;
}

/// The result of `work`; `None` when that takes longer than `time`, if there is one. The host is asked for the time only
/// when the result is not there at once.
pub(super) async fn within<T>(
    time: impl Into<Option<Duration>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let Some(time) = time.into() else {
        return Some(work.await);
    };
    let mut work = pin!(work);
    let mut timer = pin!(pause(time));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}
