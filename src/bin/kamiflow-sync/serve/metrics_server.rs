//! The listener that hands out the metrics.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;

/// How long a client may take over its request.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the metrics are written in.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `GET /metrics` until `stop` is cancelled.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, stop: CancellationToken) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => _ = tokio::spawn(answer(stream, metrics.clone())),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// One request per connection: they are rare.
async fn answer(stream: TcpStream, metrics: Arc<Metrics>) {
    let respond = service_fn(|request| respond(request, metrics.clone()));
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false);
    _ = protocol
        .serve_connection(TokioIo::new(stream), respond)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    metrics: Arc<Metrics>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/metrics" {
        return Ok(plain(
            StatusCode::NOT_FOUND,
            "There is only /metrics here.\n",
        ));
    }
    // On a thread of its own, because it reads the database.
    let text = tokio::task::spawn_blocking(move || metrics.text()).await;
    Ok(match text {
        Ok(Ok(text)) => {
            let mut answer = Response::new(Full::from(text));
            let headers = answer.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
            answer
        }
        _ => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The metrics could not be read.\n",
        ),
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
}
