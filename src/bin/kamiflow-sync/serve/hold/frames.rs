//! A body that goes on after its first part.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;
use wasmtime_wasi_http::{Error, WasiBody};

pub struct Frames {
    pub first: WasiBody,
    pub frames: mpsc::Receiver<Bytes>,
}

impl Body for Frames {
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
        let next = self.frames.poll_recv(context);
        next.map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}
