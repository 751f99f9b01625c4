//! One log line per request. It has the route in place of the path, and never a key, a query or a
//! body.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use kamiflow_sync_component::api::routes;
use tracing::Level;
use wasmtime_wasi_http::{Error, WasiBody};

use super::connection_slots::ActiveRequest;
use super::metrics::Metrics;

/// Logged, by convention, for a client that disconnected before its response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes its line when it is dropped: at the end of the response, or when the client disconnects.
pub struct AccessRecord {
    method: Method,
    route: &'static str,
    id: HeaderValue,
    client: SocketAddr,
    start: Instant,
    status: Option<StatusCode>,
    bytes: u64,
    /// Logged at debug level unless it fails.
    is_health_check: bool,
    metrics: Option<Arc<Metrics>>,
    _active: ActiveRequest,
}

impl AccessRecord {
    /// Dropping the record also counts the request in `metrics` and ends `active`.
    pub fn new(
        method: &Method,
        path: &str,
        id: &HeaderValue,
        client: SocketAddr,
        metrics: Option<Arc<Metrics>>,
        active: ActiveRequest,
    ) -> Self {
        Self {
            method: method.clone(),
            route: routes::label(path),
            id: id.clone(),
            client,
            start: Instant::now(),
            status: None,
            bytes: 0,
            is_health_check: path == "/health",
            metrics,
            _active: active,
        }
    }

    fn status(&self) -> u16 {
        self.status
            .map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16())
    }
}

macro_rules! write_line {
    ($level:expr, $record:expr) => {
        tracing::event!(
            $level,
            method = $record.method.as_str(),
            route = $record.route,
            status = $record.status(),
            bytes = $record.bytes,
            ms = $record.start.elapsed().as_micros() as f64 / 1000.0,
            request_id = $record.id.to_str().unwrap_or_default(),
            client = %$record.client,
            "request"
        )
    };
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        if let Some(metrics) = &self.metrics {
            let (status, duration) = (self.status(), self.start.elapsed());
            metrics.count(&self.method, self.route, status, self.bytes, duration);
        }
        match self.status {
            Some(status) if status.is_server_error() => write_line!(Level::ERROR, self),
            _ if self.is_health_check => write_line!(Level::DEBUG, self),
            _ => write_line!(Level::INFO, self),
        }
    }
}

/// A response body that counts its bytes in the record.
pub struct LoggedBody {
    body: WasiBody,
    record: AccessRecord,
}

impl LoggedBody {
    pub fn new(body: WasiBody, status: StatusCode, mut record: AccessRecord) -> Self {
        record.status = Some(status);
        Self { body, record }
    }
}

impl Body for LoggedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
