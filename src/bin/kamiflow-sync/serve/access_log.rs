//! One line per request. Never in it: a key, a query, a body, or a path, whose place the
//! route takes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use kamiflow_sync_component::route;
use tracing::Level;
use wasmtime_wasi_http::{Error, WasiBody};

use super::connection_slots::Busy;
use super::metrics::Metrics;

/// The status in the log, by convention, of a client that left before its answer.
const CLIENT_LEFT: u16 = 499;

/// What is known of a request. Dropping it writes the line, at the end of the answer or
/// when the client leaves.
pub struct Record {
    method: Method,
    route: &'static str,
    id: HeaderValue,
    client: SocketAddr,
    start: Instant,
    status: Option<StatusCode>,
    bytes: u64,
    /// Whether a machine asks for its health, at debug level unless it fails.
    probe: bool,
    metrics: Option<Arc<Metrics>>,
    _busy: Busy,
}

impl Record {
    /// Begins with the request; its end is counted in `metrics` too, and ends `busy`.
    pub fn begin(
        method: &Method,
        path: &str,
        id: &HeaderValue,
        client: SocketAddr,
        metrics: Option<Arc<Metrics>>,
        busy: Busy,
    ) -> Self {
        Self {
            method: method.clone(),
            route: route::label(path),
            id: id.clone(),
            client,
            start: Instant::now(),
            status: None,
            bytes: 0,
            probe: path == "/health",
            metrics,
            _busy: busy,
        }
    }

    fn status(&self) -> u16 {
        self.status.map_or(CLIENT_LEFT, |status| status.as_u16())
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

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(metrics) = &self.metrics {
            let (status, took) = (self.status(), self.start.elapsed());
            metrics.count(&self.method, self.route, status, self.bytes, took);
        }
        match self.status {
            Some(status) if status.is_server_error() => write_line!(Level::ERROR, self),
            _ if self.probe => write_line!(Level::DEBUG, self),
            _ => write_line!(Level::INFO, self),
        }
    }
}

/// A body that counts itself into the record of its request.
pub struct Recorded {
    body: WasiBody,
    record: Record,
}

impl Recorded {
    /// Records an answer of this status and body.
    pub fn new(body: WasiBody, status: StatusCode, mut record: Record) -> Self {
        record.status = Some(status);
        Self { body, record }
    }
}

impl Body for Recorded {
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
