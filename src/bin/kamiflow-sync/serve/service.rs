//! One request from a connection: through the limits into the component, and back.

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

use super::access_log::{Record, Recorded};
use super::body_budget::BodyBudget;
use super::compute_limit::{self, Pace};
use super::connection_slots::Busy;
use super::failure::Failure;
use super::metrics::Metrics;
use super::request_headers::{self, X_REQUEST_ID};
use crate::guest::engine::MAX_INSTANCES;
use crate::guest::epoch_clock::EpochClock;
use crate::guest::expiration::REQUEST_TIMEOUT;
use crate::guest::workers::{Permits, Workers};

/// Requests without a body inside guests at once; others wait in the order of their coming.
const MAX_REQUESTS: usize = MAX_INSTANCES as usize / 3;
/// The same for requests with a body: those of slow clients, which may take minutes to arrive,
/// keep out neither a pull nor the health check.
const MAX_UPLOADS: usize = MAX_INSTANCES as usize / 3;
/// How long a client may pause in the middle of a body.
const BODY_PAUSE: Duration = Duration::from_secs(60);

/// The way into the component. Clones are the same way.
#[derive(Clone)]
pub struct Service {
    handler: ProxyHandler<Workers>,
    slots: Arc<Semaphore>,
    upload_slots: Arc<Semaphore>,
    bodies: BodyBudget,
    pace: Arc<Pace>,
    clock: EpochClock,
    metrics: Option<Arc<Metrics>>,
}

impl Service {
    /// A service over these instances, for bodies of up to `max_body` bytes.
    pub fn new(
        workers: Workers,
        max_body: u64,
        clock: EpochClock,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self {
            handler: ProxyHandler::new(workers),
            slots: Arc::new(Semaphore::new(MAX_REQUESTS)),
            upload_slots: Arc::new(Semaphore::new(MAX_UPLOADS)),
            bodies: BodyBudget::new(max_body),
            pace: Arc::new(Pace::new(compute_limit::cores())),
            clock,
            metrics,
        }
    }

    /// Answers a request: with the component's answer, or with a [`Failure`] for it.
    pub async fn respond(
        self,
        mut request: Request<Incoming>,
        client: SocketAddr,
        busy: Busy,
    ) -> Result<Response<Recorded>, Infallible> {
        let id = request_headers::request_id(request.headers_mut());
        let (method, path) = (request.method(), request.uri().path());
        let record = Record::begin(method, path, &id, client, self.metrics.clone(), busy);
        let asked = tokio::time::timeout(REQUEST_TIMEOUT, self.ask(request, client)).await;
        let mut answer = match asked.unwrap_or(Err((Failure::Timeout, None))) {
            Ok(answer) => answer,
            Err((failure, cause)) => {
                if let Some(cause) = cause {
                    let error = format!("{cause:#}");
                    tracing::error!(error, request_id = id.to_str().ok(), "no answer");
                }
                failure.answer()
            }
        };
        answer.headers_mut().entry(X_REQUEST_ID).or_insert(id);
        let status = answer.status();
        Ok(answer.map(|body| Recorded::new(body, status, record)))
    }

    async fn ask(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>, (Failure, Option<wasmtime::Error>)> {
        let (mut parts, body) = request.into_parts();
        request_headers::prepare(&mut parts, client).map_err(|failure| (failure, None))?;
        // Before the slot, so that a large body that waits keeps no other request out.
        let share = self.bodies.reserve(&body).await;
        let has_body = !http_body::Body::is_end_stream(&body);
        let slots = match has_body {
            true => &self.upload_slots,
            false => &self.slots,
        };
        let slot = slots.clone().acquire_owned().await;
        let slot = slot.map_err(|_closed| (Failure::Internal, None))?;
        let out_of_time = Arc::<AtomicBool>::default();
        let clock = self.clock.keep_running();
        let held = Arc::new(Permits {
            concurrency: slot,
            body: share,
            clock,
            out_of_time: out_of_time.clone(),
        });
        let request = Request::from_parts(parts, wasi_body(body));
        let answer = self.handler.handle(held.clone(), request);
        let answered = match has_body {
            true => answer.await,
            false => self.pace.run(answer).await,
        };
        match answered {
            Ok(answer) => Ok(answer.map(|body| holding(body, held))),
            Err(error) if out_of_time.load(Relaxed) => Err((Failure::Timeout, Some(error))),
            Err(error) => Err((Failure::Internal, Some(error))),
        }
    }
}

/// The body of an answer that holds what its request does: on WASI 0.3, the guest goes on to write
/// it when its head is there.
fn holding(body: WasiBody, held: impl Send + 'static) -> WasiBody {
    let held = move |error| {
        let _held = &held;
        error
    };
    body.map_err(held).boxed_unsync()
}

/// The guest's view of a body. It fails when nothing comes for [`BODY_PAUSE`], so that a
/// client that declares a body and never sends it does not hold its share for ever.
fn wasi_body(body: Incoming) -> WasiBody {
    let ended = http_body::Body::is_end_stream(&body);
    if ended {
        return body.map_err(Error::from).boxed_unsync();
    }
    let timed = TimeoutBody::new(BODY_PAUSE, body);
    timed
        .map_err(|_cause| Error::ConnectionReadTimeout)
        .boxed_unsync()
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    #[test]
    fn what_a_request_holds_goes_with_the_body_of_its_answer() {
        let held = Arc::new(());
        let empty = Empty::new().map_err(|never: Infallible| match never {});
        let body = holding(empty.boxed_unsync(), held.clone());
        assert_eq!(Arc::strong_count(&held), 2);
        drop(body);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
