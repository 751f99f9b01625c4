//! Closes a connection so that its last response arrives.
//!
//! A request can be refused before its body has been read. If the server then closes while the
//! client still sends, the system answers with a reset, and the reset discards the response on the
//! client's side. So the server ends only its own direction, continues reading, and throws away what
//! arrives.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long the client may pause before the connection is closed.
const MAX_SILENCE: Duration = Duration::from_secs(5);
const MAX_DURATION: Duration = Duration::from_secs(10 * 60);
/// Bytes thrown away at a time.
const BUFFER: usize = 16 << 10;

/// Whether the client may be in the middle of a request. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Sending(Arc<AtomicBool>);

impl Sending {
    /// Whether something has arrived since the end of the last request. If not, the client sent the
    /// current request together with the last one, and did not wait for the answer.
    pub fn is_heard(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// All of the current request has been read.
    pub fn ended(&self) {
        self.0.store(false, Relaxed);
    }
}

/// A request body that reports its end.
pub struct ReportedBody {
    pub body: Incoming,
    pub sending: Sending,
}

impl Body for ReportedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.sending.ended();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose shutdown ends when the client has closed too, or after some silence, unless all
/// of the last request has been read.
pub struct LingeringClose<S> {
    stream: S,
    sending: Sending,
    /// Bytes that may still be thrown away.
    left: u64,
    timers: Option<Timers>,
}

struct Timers {
    silence: Pin<Box<Sleep>>,
    deadline: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> LingeringClose<S> {
    /// Throws away at most `max_bytes`.
    pub fn new(stream: S, sending: Sending, max_bytes: u64) -> Self {
        Self {
            stream,
            sending,
            left: max_bytes,
            timers: None,
        }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }

    /// Resolves when there is nothing more to wait for.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timers = self.timers.get_or_insert_with(Timers::start);
        let mut bytes = [0; BUFFER];
        while self.left > 0 && Instant::now() < timers.deadline {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => timers.reset(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timers.silence.as_mut().poll(context),
            }
            self.left = self.left.saturating_sub(buffer.filled().len() as u64);
        }
        Poll::Ready(())
    }
}

impl Timers {
    fn start() -> Self {
        Self {
            silence: Box::pin(tokio::time::sleep(MAX_SILENCE)),
            deadline: Instant::now() + MAX_DURATION,
        }
    }

    fn reset(&mut self) {
        self.silence.as_mut().reset(Instant::now() + MAX_SILENCE);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for LingeringClose<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.as_mut().stream().poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.sending.0.store(true, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LingeringClose<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.timers.is_none() {
            ready!(self.as_mut().stream().poll_shutdown(context))?;
        }
        if self.sending.is_heard() {
            ready!(self.poll_discard(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;

    use super::*;

    async fn connection(max_bytes: u64) -> (LingeringClose<DuplexStream>, DuplexStream) {
        let (server, mut client) = duplex(1 << 10);
        let mut server = LingeringClose::new(server, Sending::default(), max_bytes);
        client.write_all(b"head").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        (server, client)
    }

    #[tokio::test]
    async fn the_answer_is_ended_at_once_and_the_rest_of_the_request_is_read() {
        let (mut server, mut client) = connection(1 << 20).await;
        server.write_all(b"answer").await.unwrap();
        let closing = tokio::spawn(async move { server.shutdown().await });
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
        client.write_all(&[0; 100_000]).await.unwrap();
        assert!(!closing.is_finished());
        drop(client);
        closing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn no_more_is_read_than_the_limit() {
        let (mut server, mut client) = connection(1000).await;
        let closing = tokio::spawn(async move { server.shutdown().await });
        assert!(client.write_all(&[0; 100_000]).await.is_err());
        closing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_that_was_read_keeps_nothing_open() {
        let (mut server, _client) = connection(1000).await;
        server.sending.ended();
        let closed = timeout(Duration::from_millis(100), server.shutdown()).await;
        closed.unwrap().unwrap();
    }
}
