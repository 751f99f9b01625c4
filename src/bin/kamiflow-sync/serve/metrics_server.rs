//! The HTTP listener that serves the metrics.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::listener;
use super::metrics::Metrics;
use super::slots::{ConnectionSlots, Slot};
use super::stall_watch::StallWatch;

/// Connections at once. They are no part of those of the API, so neither keeps the other out.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may take altogether.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client may take to send its request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Starts to serve `GET /metrics`, until `stop` is cancelled. Returns the metrics of a server with
/// this `database`, and the address, whose port is never 0.
pub async fn start(
    address: SocketAddr,
    database: Option<&Path>,
    stop: CancellationToken,
) -> Result<(Arc<Metrics>, SocketAddr)> {
    let listener = listener::bind(address, "METRICS_LISTEN").await?;
    let address = listener.local_addr()?;
    let metrics = Metrics::new(database);
    tokio::spawn(serve(listener, metrics.clone(), stop));
    Ok((metrics, address))
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>, stop: CancellationToken) {
    let slots = ConnectionSlots::new(MAX_CONNECTIONS);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_one(stream, Slot::acquire(&slots).await, metrics.clone());
                tokio::spawn(timeout(CONNECTION_TIMEOUT, connection));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection for the metrics");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one request per connection, because they are rare.
async fn serve_one(stream: TcpStream, slot: Arc<Slot>, metrics: Arc<Metrics>) {
    let respond = service_fn(|request| {
        let active = slot.begin_request();
        let response = respond(request, metrics.clone());
        async move {
            let _active = active;
            response.await
        }
    });
    let stream = StallWatch {
        stream,
        slot: slot.clone(),
    };
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false);
    let connection = protocol.serve_connection(TokioIo::new(stream), respond);
    tokio::select! {
        _ended = connection => {}
        () = slot.evicted() => {}
    }
}

async fn respond(
    request: Request<Incoming>,
    metrics: Arc<Metrics>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/metrics" {
        return Ok(plain(
            StatusCode::NOT_FOUND,
            "Only /metrics is served here.\n",
        ));
    }
    // On a blocking thread, because it reads the database.
    let text = tokio::task::spawn_blocking(move || metrics.encode()).await;
    Ok(
        match text.map_err(anyhow::Error::from).and_then(|text| Ok(text?)) {
            Ok(text) => {
                let mut response = Response::new(Full::from(text));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
                response
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the metrics cannot be read");
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "The metrics could not be read.\n",
                )
            }
        },
    )
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
