//! A call of a guest, which cannot be broken off: an instance that was stopped in the middle is of no use
//! any more, and what the call has changed may be half of something.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use wasmtime::format_err;

use super::expiration::REQUEST_TIMEOUT;

type Running = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send>>;

/// Runs in the task that waits for it. When that is dropped it continues in one of its own, but no
/// longer than [`REQUEST_TIMEOUT`] in all.
pub struct Call {
    /// `None` when it has returned.
    running: Option<Running>,
    end: Instant,
    runtime: Handle,
}

impl Call {
    pub fn new(call: impl Future<Output = wasmtime::Result<()>> + Send + 'static) -> Self {
        Self {
            running: Some(Box::pin(call)),
            end: Instant::now() + REQUEST_TIMEOUT,
            runtime: Handle::current(),
        }
    }
}

impl Future for Call {
    type Output = wasmtime::Result<()>;

    /// A panic of the host is an error of this call, and does not end the connection.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(Ok(()));
        };
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)))
            .unwrap_or_else(|_reported| Poll::Ready(Err(format_err!("the host panicked"))));
        if polled.is_ready() {
            self.running = None;
        }
        polled
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.spawn(timeout_at(self.end, running));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_call_goes_on_when_nobody_waits_for_it() {
        let (go_on, paused) = oneshot::channel::<()>();
        let (sender, ended) = oneshot::channel();
        let mut call = Call::new(async move {
            paused.await?;
            sender.send(()).map_err(|()| format_err!("nobody"))
        });
        assert!(timeout(Duration::ZERO, &mut call).await.is_err());
        drop(call);
        go_on.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_ends_in_time() {
        let (sender, ended) = oneshot::channel::<()>();
        let mut call = Call::new(async move {
            let _ended = sender;
            std::future::pending().await
        });
        call.end = Instant::now();
        drop(call);
        ended.await.unwrap_err();
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_call() {
        let call = Call::new(async { panic!("on purpose") });
        assert!(call.await.is_err());
    }
}
