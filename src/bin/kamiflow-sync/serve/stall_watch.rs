//! A stream that tells its slot when the client stops reading, and when everything written to it
//! has been sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::slots::Slot;

pub struct StallWatch<S> {
    pub stream: S,
    pub slot: Arc<Slot>,
}

impl<S: Unpin> StallWatch<S> {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }

    fn report(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Pending => self.slot.stalled(),
            Poll::Ready(_) => self.slot.resumed(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallWatch<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallWatch<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write(context, bytes);
        self.report(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write_vectored(context, slices);
        self.report(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().stream().poll_flush(context))?;
        self.slot.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::super::slots::ConnectionSlots;
    use super::*;

    async fn write(stream: &mut StallWatch<TcpStream>) {
        let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, &[0; 1 << 16]));
        written.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_stops_reading_is_stalled_until_it_reads_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let client = client.unwrap();
        let slot = Slot::acquire(&ConnectionSlots::new(1)).await;
        let stream = accepted.unwrap().0;
        let mut stream = StallWatch { stream, slot };
        assert!(!stream.slot.is_stalled());
        while timeout(Duration::from_millis(100), write(&mut stream))
            .await
            .is_ok()
        {}
        assert!(stream.slot.is_stalled());
        let read = async {
            let mut buffer = vec![0; 1 << 20];
            loop {
                client.readable().await.unwrap();
                _ = client.try_read(&mut buffer);
            }
        };
        tokio::select! {
            () = write(&mut stream) => {}
            () = read => unreachable!(),
        }
        assert!(!stream.slot.is_stalled());
    }
}
