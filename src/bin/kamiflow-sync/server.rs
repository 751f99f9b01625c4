//! Sockets: takes connections, speaks HTTP/1.1 on them, and lets them end in peace.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;

use crate::service::Service;

/// Connections at once; others wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 1024;
/// How long a client may take over the head of a request, and how long a connection may
/// wait for its next one.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of a request's head, roughly (hyper looks after each read); more is 431.
const MAX_HEAD: usize = 64 << 10;
/// How long a client may leave an answer unread once the buffers are full.
const WRITE_STALL: Duration = Duration::from_secs(60);
/// How long requests under way may take once the server stops.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// Serves until `stop` is cancelled, then until the requests under way are answered.
pub async fn serve(listener: TcpListener, service: Service, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = GracefulShutdown::new();
    let protocol = protocol();
    while let Some((stream, client, permit)) = next(&listener, &free, &stop).await {
        let service = service.clone();
        let respond = service_fn(move |request| service.clone().respond(request, client));
        let connection = protocol.serve_connection(TokioIo::new(prepare(stream)), respond);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // The errors are those of clients: gone, too slow, or not speaking HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(%client, %error, "a connection broke off");
            }
            drop(permit);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN_DEADLINE, connections.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("requests were still under way when the server stopped");
    }
}

/// The next connection; `None` when the server stops.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accept = async {
        let permit = free.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, client)) => return Some((stream, client, permit)),
                // Out of file descriptors, most likely: some come free with time.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await?
}

fn prepare(stream: TcpStream) -> Pin<Box<TimeoutWriter<TcpStream>>> {
    // An answer goes out when it is written, not when the last one is acknowledged.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE_STALL));
    Box::pin(stream)
}

/// HTTP/1.1 with the limits of this server.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MAX_HEAD);
    protocol
}
