//! A body that continues after its first part.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use wasmtime_wasi_http::{Error, WasiBody};

/// What makes the next part of a body.
pub trait Source: Send + Sized + 'static {
    /// The next part, and what makes the one after it; `None` at the end.
    fn next(self) -> impl Future<Output = Option<(Bytes, Self)>> + Send;
}

type Next<S> = Pin<Box<dyn Future<Output = Option<(Bytes, S)>> + Send>>;

/// Nothing is made while the client does not read.
pub struct Frames<S> {
    first: WasiBody,
    next: Next<S>,
}

impl<S: Source> Frames<S> {
    pub fn new(first: WasiBody, source: S) -> Self {
        let next = Box::pin(source.next());
        Self { first, next }
    }
}

impl<S: Source> Body for Frames<S> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.first).poll_frame(context) {
            Poll::Ready(None) => {}
            first => return first,
        }
        let Some((bytes, source)) = ready!(self.next.as_mut().poll(context)) else {
            return Poll::Ready(None);
        };
        self.next = Box::pin(source.next());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
