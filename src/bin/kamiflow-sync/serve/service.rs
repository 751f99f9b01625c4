//! One request of a connection: through the limits into a guest, and its response back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower_http::timeout::TimeoutBody;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use super::access_log::{AccessRecord, LoggedBody};
use super::body_budget::BodyBudget;
use super::compute_limit::{self, ComputeLimit};
use super::connection_slots::{ActiveRequest, ConnectionSlots};
use super::failure::Failure;
use super::lingering_close::{ReportedBody, Sending};
use super::metrics::Metrics;
use super::request_headers::{self, X_REQUEST_ID};
use super::response_memory::{Completed, ResponseMemory};
use crate::guest::engine::MAX_INSTANCES;
use crate::guest::epoch_clock::EpochClock;
use crate::guest::expiration::REQUEST_TIMEOUT;
use crate::guest::workers::{Permits, Workers};

/// Requests without a body that are inside guests at once; others wait first come, first served.
const MAX_REQUESTS: usize = MAX_INSTANCES as usize / 3;
/// The same for requests with a body. They are counted apart, because the bodies of slow clients
/// may take minutes to arrive and must delay neither a pull nor the health check.
const MAX_UPLOADS: usize = MAX_INSTANCES as usize / 3;
/// How long a client may pause in the middle of a body.
const BODY_READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a refused request that are read so that the refusal arrives, at least.
const MIN_UNREAD: u64 = 256 << 20;

/// The other side of a connection.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub sending: Sending,
}

/// Clones share the limits.
#[derive(Clone)]
pub struct Service {
    handler: ProxyHandler<Workers>,
    requests: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    bodies: BodyBudget,
    max_body: u64,
    responses: ResponseMemory,
    compute_limit: Arc<ComputeLimit>,
    clock: EpochClock,
    metrics: Option<Arc<Metrics>>,
}

impl Service {
    /// For request bodies of up to `max_body` bytes, on connections of `slots`.
    pub fn new(
        workers: Workers,
        max_body: u64,
        slots: ConnectionSlots,
        clock: EpochClock,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self {
            handler: ProxyHandler::new(workers),
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
            uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
            bodies: BodyBudget::new(max_body),
            max_body,
            responses: ResponseMemory::new(slots),
            compute_limit: Arc::new(ComputeLimit::new(compute_limit::cores())),
            clock,
            metrics,
        }
    }

    /// Bytes of a request that are read after it was refused: also of a body that is too large.
    pub fn max_unread(&self) -> u64 {
        MIN_UNREAD.max(self.max_body.saturating_mul(2))
    }

    /// Responds with what the component says, or with a [`Failure`].
    pub async fn respond(
        self,
        mut request: Request<Incoming>,
        client: Client,
        active: ActiveRequest,
    ) -> Result<Response<LoggedBody>, Infallible> {
        if http_body::Body::is_end_stream(request.body()) {
            client.sending.ended();
        }
        let id = request_headers::request_id(request.headers_mut());
        let (method, path) = (request.method(), request.uri().path());
        let record = AccessRecord::new(
            method,
            path,
            &id,
            client.address,
            self.metrics.clone(),
            active,
        );
        let handled = tokio::time::timeout(REQUEST_TIMEOUT, self.handle(request, client)).await;
        let mut response = match handled.unwrap_or(Err((Failure::Timeout, None))) {
            Ok(response) => response,
            Err((failure, cause)) => {
                if let Some(cause) = cause {
                    let error = format!("{cause:#}");
                    tracing::error!(error, request_id = id.to_str().ok(), "no answer");
                }
                failure.response()
            }
        };
        response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
        let status = response.status();
        Ok(response.map(|body| LoggedBody::new(body, status, record)))
    }

    async fn handle(
        &self,
        request: Request<Incoming>,
        client: Client,
    ) -> Result<Response<WasiBody>, (Failure, Option<wasmtime::Error>)> {
        let (mut parts, body) = request.into_parts();
        request_headers::prepare(&mut parts, client.address).map_err(|failure| (failure, None))?;
        // Before the other permit, so that a large body that waits delays no other request.
        let memory = self.bodies.reserve(&body).await;
        let has_body = !http_body::Body::is_end_stream(&body);
        let limit = match has_body {
            true => &self.uploads,
            false => &self.requests,
        };
        let concurrency = limit.clone().acquire_owned().await;
        let concurrency = concurrency.map_err(|_closed| (Failure::Internal, None))?;
        let out_of_time = Arc::<AtomicBool>::default();
        let permits = Arc::new(Permits {
            concurrency,
            body: memory,
            clock: self.clock.keep_running(),
            out_of_time: out_of_time.clone(),
        });
        let method = parts.method.clone();
        let request = Request::from_parts(parts, guest_body(body, client.sending));
        let response = self.handler.handle(permits.clone(), request);
        let completed = async {
            Ok::<_, wasmtime::Error>(self.responses.complete(response.await?, &method).await?)
        };
        let handled = match has_body {
            true => completed.await,
            false => self.compute_limit.run(completed).await,
        };
        match handled {
            Ok(Completed::InMemory(response)) => Ok(response),
            Ok(Completed::Streaming(response)) => {
                Ok(response.map(|body| with_permits(body, permits)))
            }
            Err(error) if out_of_time.load(Relaxed) => Err((Failure::Timeout, Some(error))),
            Err(error) => Err((Failure::Internal, Some(error))),
        }
    }
}

/// Keeps the permits until the response body ends, because the guest is still writing it.
fn with_permits(body: WasiBody, permits: impl Send + 'static) -> WasiBody {
    let keep = move |error| {
        let _permits = &permits;
        error
    };
    body.map_err(keep).boxed_unsync()
}

/// The body as the guest reads it. Reading fails when nothing arrives for [`BODY_READ_TIMEOUT`], so
/// that a client that announces a body and never sends it does not keep its permits for ever.
fn guest_body(body: Incoming, sending: Sending) -> WasiBody {
    if http_body::Body::is_end_stream(&body) {
        return body.map_err(Error::from).boxed_unsync();
    }
    let body = ReportedBody { body, sending };
    let timed = TimeoutBody::new(BODY_READ_TIMEOUT, body);
    timed
        .map_err(|_cause| Error::ConnectionReadTimeout)
        .boxed_unsync()
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    #[test]
    fn permits_are_released_when_the_response_body_ends() {
        let permits = Arc::new(());
        let empty = Empty::new().map_err(|never: Infallible| match never {});
        let body = with_permits(empty.boxed_unsync(), permits.clone());
        assert_eq!(Arc::strong_count(&permits), 2);
        drop(body);
        assert_eq!(Arc::strong_count(&permits), 1);
    }
}
