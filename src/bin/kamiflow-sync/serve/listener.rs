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
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;

use super::connection_slots::{Lobby, Place};
use super::service::Service;
use super::stall_watch::Watched;

/// Connections at once; for another, one that waits for a request goes.
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
    let lobby = Lobby::new(MAX_CONNECTIONS);
    let connections = GracefulShutdown::new();
    let protocol = protocol();
    while let Some((stream, client, place)) = next(&listener, &lobby, &stop).await {
        let (service, asked) = (service.clone(), place.clone());
        let respond =
            service_fn(move |request| service.clone().respond(request, client, asked.begin()));
        let stream = prepare(stream, place.clone());
        let connection = protocol.serve_connection(TokioIo::new(stream), respond);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                // The errors are those of clients: gone, too slow, or not speaking HTTP.
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%client, %error, "a connection broke off");
                },
                () = place.called() => tracing::debug!(%client, "an idle connection made room"),
            }
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
    lobby: &Lobby,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Arc<Place>)> {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, client)) => return (stream, client, lobby.enter().await),
                // Out of file descriptors, most likely: some come free with time.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await
}

fn prepare(stream: TcpStream, place: Arc<Place>) -> Pin<Box<TimeoutWriter<Watched<TcpStream>>>> {
    // An answer goes out when it is written, not when the last one is acknowledged.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let mut stream = TimeoutWriter::new(Watched { stream, place });
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
