//! The HTTP listener: accepts connections, serves HTTP/1.1 on them, and shuts down gracefully.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access_log::LoggedBody;
use super::lingering_close::{LingeringClose, Sending};
use super::refused_head::{self, MAX_HEAD, Withheld};
use super::service::{Client, Service};
use super::slots::{ConnectionSlots, Slot};
use super::stall_watch::StallWatch;

/// How long a client may take to send the head of a request, and how long a connection may stay
/// idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may stop reading its response once the buffers are full.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in progress may take once the server is stopping.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

type Prepared = Pin<Box<TimeoutWriter<StallWatch<TcpStream>>>>;
type Connection<S> = http1::Connection<TokioIo<Withheld<LingeringClose<Prepared>>>, S>;

/// `setting` is the one that has the port.
pub async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        let way_out = match error.kind() {
            ErrorKind::AddrInUse => {
                format!(": stop the program that uses it, or set {setting} to another port")
            }
            ErrorKind::PermissionDenied => format!(": set {setting} to a port from 1024 on"),
            _ => String::new(),
        };
        anyhow!("cannot listen on {address}: {error}{way_out}")
    })
}

/// Serves until `stop` is cancelled, and then until the requests in progress are answered.
pub async fn serve(
    listener: TcpListener,
    slots: ConnectionSlots,
    service: Service,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let protocol = protocol();
    while let Some((stream, address, slot)) = next(&listener, &slots, &stop).await {
        let sending = Sending::default();
        let stream = LingeringClose::new(
            prepare(stream, slot.clone()),
            sending.clone(),
            service.max_unread(),
        );
        let stream = Withheld::new(stream, slot.clone());
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
        let stop = stop.clone();
        connections.spawn(async move {
            tokio::select! {
                () = converse(connection, address, stop) => {}
                () = slot.evicted() => {
                    tracing::debug!(client = %address, "a connection was closed to free its slot");
                }
            }
        });
    }
    drop(listener);
    connections.close();
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, connections.wait()).await;
    if drained.is_err() {
        tracing::warn!("requests were still in progress when the server stopped");
    }
}

/// Serves a connection until it ends or, when the server stops, the request in progress is answered.
/// A client that sends no valid request gets the reason.
async fn converse<S>(mut connection: Connection<S>, address: SocketAddr, stop: CancellationToken)
where
    S: HttpService<Incoming, ResBody = LoggedBody, Error = Infallible>,
{
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    // A client that disconnected, was too slow, or does not speak HTTP.
    let Err(error) = ended else { return };
    tracing::debug!(client = %address, %error, "a connection ended with an error");
    let parts = connection.into_parts();
    if let Some(failure) = refused_head::reason(&error, &parts.read_buf) {
        // There is nobody to tell when the client is gone.
        _ = parts.io.into_inner().answer(failure).await;
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
                Ok((stream, client)) => return (stream, client, Slot::acquire(slots).await),
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

fn prepare(stream: TcpStream, slot: Arc<Slot>) -> Prepared {
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
