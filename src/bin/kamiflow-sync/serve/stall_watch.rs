//! A stream that tells its place when its client takes in nothing, and when everything written
//! to it has left.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection_slots::Place;

/// The stream, and whose it is.
pub struct Watched<S> {
    /// What is read and written.
    pub stream: S,
    /// Who is told.
    pub place: Arc<Place>,
}

impl<S: Unpin> Watched<S> {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }

    fn tell(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Pending => self.place.stuck(),
            Poll::Ready(_) => self.place.moved(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write(context, bytes);
        self.tell(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().stream().poll_write_vectored(context, slices);
        self.tell(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().stream().poll_flush(context))?;
        self.place.flushed();
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

    use super::super::connection_slots::Lobby;
    use super::*;

    async fn write(stream: &mut Watched<TcpStream>) {
        let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, &[0; 1 << 16]));
        written.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_takes_in_nothing_is_stuck_until_it_does() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let client = client.unwrap();
        let place = Lobby::new(1).enter().await;
        let stream = accepted.unwrap().0;
        let mut stream = Watched { stream, place };
        assert!(!stream.place.is_stuck());
        while timeout(Duration::from_millis(100), write(&mut stream))
            .await
            .is_ok()
        {}
        assert!(stream.place.is_stuck());
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
        assert!(!stream.place.is_stuck());
    }
}
