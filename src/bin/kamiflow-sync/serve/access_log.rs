//! One log line per request. It has the route in place of the path, the project and the device, and never a
//! key, a query, the path of a file or a body.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use kamiflow_sync_component::addresses;
use kamiflow_sync_component::api::credentials::sent_key;
use kamiflow_sync_component::api::routes;
use kamiflow_sync_component::domain::ProjectId;
use tracing::Level;
use wasmtime_wasi_http::{Error, WasiBody};

use super::counts::Counts;
use super::slots::ActiveRequest;

/// Logged, by convention, for a client that disconnected before its response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes its line when it is dropped: at the end of the response, or when the client disconnects.
pub struct AccessRecord {
    method: Method,
    route: &'static str,
    /// Of an address that is about a project.
    project: Option<ProjectId>,
    id: HeaderValue,
    /// As the rate limit counts it.
    client: String,
    /// The name of the device whose key it has, empty for the owner's; none without a key that is valid.
    device: Option<String>,
    start: Instant,
    status: Option<StatusCode>,
    bytes: u64,
    /// It waited for a change.
    is_held: bool,
    /// It asked for a project that is on another server.
    is_moved: bool,
    /// Logged at debug level unless it fails.
    is_health_check: bool,
    counts: Counts,
    _active: ActiveRequest,
}

impl AccessRecord {
    /// Dropping the record also counts the request in `counts` and ends `active`.
    pub fn new<B>(
        request: &Request<B>,
        id: &HeaderValue,
        client: String,
        counts: Counts,
        active: ActiveRequest,
    ) -> Self {
        let path = request.uri().path();
        Self {
            method: request.method().clone(),
            route: addresses::label(path),
            project: routes::project(path).filter(|id| !is_key(id, request.headers())),
            id: id.clone(),
            client,
            device: None,
            start: Instant::now(),
            status: None,
            bytes: 0,
            is_held: false,
            is_moved: false,
            is_health_check: path == "/health",
            counts,
            _active: active,
        }
    }

    /// The request waits for a change.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// The request asked for a project that is on another server.
    pub fn moved(&mut self) {
        self.is_moved = true;
    }

    /// The project of a request with a key; whoever has none could write anything there.
    fn project(&self) -> Option<&str> {
        let project = self.project.as_ref().filter(|_| self.device.is_some());
        project.map(ProjectId::as_str)
    }

    fn device(&self) -> Option<&str> {
        self.device.as_deref().filter(|name| !name.is_empty())
    }

    fn status(&self) -> u16 {
        self.status
            .map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16())
    }
}

/// Whether somebody has put the key into the address.
fn is_key(id: &ProjectId, headers: &HeaderMap) -> bool {
    sent_key(headers).is_some_and(|key| *key == *id.as_str().as_bytes())
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
            client = $record.client,
            project = $record.project(),
            device = $record.device(),
            "request"
        )
    };
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        if let Some(status) = self.status
            && !self.is_health_check
        {
            self.counts.answers.count(status.as_u16());
        }
        if let Some(metrics) = &self.counts.metrics {
            let duration = (!self.is_held).then(|| self.start.elapsed());
            let status = self.status();
            if self.is_moved {
                metrics.moved.inc();
            }
            metrics.count(&self.method, self.route, status, self.bytes, duration);
        }
        match self.status {
            // As long as some device asks at the address of before, which the project of the line shows.
            Some(_) if self.is_moved => write_line!(Level::INFO, self),
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
    /// `device` is the name of the device whose key the request has, empty for the owner's; none without a key that is valid.
    pub fn new(
        body: WasiBody,
        status: StatusCode,
        device: Option<String>,
        mut record: AccessRecord,
    ) -> Self {
        record.status = Some(status);
        record.device = device;
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
