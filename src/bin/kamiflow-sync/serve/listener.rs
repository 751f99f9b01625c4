//! The HTTP listener: accepts connections, serves HTTP/1.1 on them, and shuts down gracefully.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;

use super::connection_slots::{ConnectionSlots, Slot};
use super::lingering_close::{LingeringClose, Sending};
use super::service::{Client, Service};
use super::stall_watch::StallWatch;

/// How long a client may take to send the head of a request, and how long a connection may stay
/// idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head; a longer one is answered with 431. Approximate, because hyper checks
/// after each read.
const MAX_HEAD: usize = 64 << 10;
/// How long a client may stop reading its response once the buffers are full.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in progress may take once the server is stopping.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stop` is cancelled, and then until the requests in progress are answered.
pub async fn serve(
    listener: TcpListener,
    slots: ConnectionSlots,
    service: Service,
    stop: CancellationToken,
) {
    let connections = GracefulShutdown::new();
    let protocol = protocol();
    while let Some((stream, address, slot)) = next(&listener, &slots, &stop).await {
        let sending = Sending::default();
        let stream = LingeringClose::new(
            prepare(stream, slot.clone()),
            sending.clone(),
            service.max_unread(),
        );
        let (service, requests) = (service.clone(), slot.clone());
        let client = Client {
            address,
            sending,
            slot: slot.clone(),
        };
        let respond = service_fn(move |request| {
            let active = requests.begin_request();
            service.clone().respond(request, client.clone(), active)
        });
        let connection = protocol.serve_connection(TokioIo::new(stream), respond);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                // A client that disconnected, was too slow, or does not speak HTTP.
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(client = %address, %error, "a connection ended with an error");
                },
                () = slot.evicted() => {
                    tracing::debug!(client = %address, "a connection was closed to free its slot");
                }
            }
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("requests were still in progress when the server stopped");
    }
}

/// The next connection; `None` when the server is stopping.
async fn next(
    listener: &TcpListener,
    slots: &ConnectionSlots,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Arc<Slot>)> {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, client)) => return (stream, client, slots.acquire().await),
                // Probably out of file descriptors, some of which become free with time.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await
}

fn prepare(stream: TcpStream, slot: Arc<Slot>) -> Pin<Box<TimeoutWriter<StallWatch<TcpStream>>>> {
    // Sends a response at once, without waiting until the last one is acknowledged.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut stream = TimeoutWriter::new(StallWatch { stream, slot });
    stream.set_timeout(Some(WRITE_TIMEOUT));
    Box::pin(stream)
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    protocol
}
