//! One request of a connection: through the limits into a guest, and its response back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use ipnet::IpNet;
use kamiflow_sync_component::addresses;
use kamiflow_sync_component::api::again::{mark_again, strip};
use kamiflow_sync_component::api::client_network::client_network;
use kamiflow_sync_component::api::for_log;
use kamiflow_sync_component::api::hold::may_be_held;
use kamiflow_sync_component::api::routes::Route;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::WasiBody;

use super::access_log::{AccessRecord, LoggedBody};
use super::body_budget::BodyBudget;
use super::compute_limit::{self, ComputeLimit};
use super::connection_slots::{ActiveRequest, ConnectionSlots, Slot};
use super::counts::Counts;
use super::failure::Failure;
use super::hold::{Ask, Held, Holder};
use super::lingering_close::{ReportedBody, Sending};
use super::request_body::GuestBody;
use super::request_headers::{self, X_REQUEST_ID};
use super::response_memory::{Completed, ResponseMemory};
use super::timeout::timeout;
use crate::guest::engine::{MAX_LARGE, MAX_OPEN, MAX_RUNNING, MAX_UPLOADS};
use crate::guest::epoch_clock::EpochClock;
use crate::guest::expiration::REQUEST_TIMEOUT;
use crate::guest::handler::Handler;
use crate::guest::permits::Permits;

/// Bytes of a refused request that are read so that the refusal arrives, at least.
const MIN_UNREAD: u64 = 256 << 20;

/// The other side of a connection.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub sending: Sending,
    pub slot: Arc<Slot>,
}

/// Clones share the limits.
#[derive(Clone)]
pub struct Service {
    handler: Handler,
    /// Requests without a body that are inside guests; others wait first come, first served.
    requests: Arc<Semaphore>,
    /// The same for those that need neither a key nor the database.
    open: Arc<Semaphore>,
    /// The same for requests with a body. They are counted apart, because a push may wait for the
    /// write lock, and must delay neither a pull nor the health check.
    uploads: Arc<Semaphore>,
    /// The same for those of `requests` that found no memory. They wait for it here, so that what
    /// needs little is not behind them.
    large: Arc<Semaphore>,
    /// Requests with a body, those that are waiting for it included.
    upload_places: Arc<Semaphore>,
    slots: ConnectionSlots,
    /// Requests whose client did not wait for the answer before. They leave a core to the others.
    pipelined: Arc<Semaphore>,
    bodies: BodyBudget,
    max_body: u64,
    max_memory: usize,
    responses: ResponseMemory,
    compute_limit: Arc<ComputeLimit>,
    clock: EpochClock,
    counts: Counts,
    trusted_proxies: Arc<[IpNet]>,
    holder: Holder,
}

/// A response, or why there is none, with the cause for the log.
type Handled = Result<Response<WasiBody>, (Failure, Option<wasmtime::Error>)>;

impl Service {
    /// For request bodies of up to `max_body` bytes, on connections of `slots`.
    pub fn new(
        handler: Handler,
        max_body: u64,
        trusted_proxies: Vec<IpNet>,
        slots: ConnectionSlots,
        clock: EpochClock,
        counts: Counts,
        holder: Holder,
    ) -> Self {
        Self {
            max_memory: handler.max_memory(),
            handler,
            requests: Arc::new(Semaphore::new((MAX_RUNNING - MAX_LARGE) as usize)),
            open: Arc::new(Semaphore::new(MAX_OPEN as usize)),
            uploads: Arc::new(Semaphore::new(MAX_RUNNING as usize)),
            large: Arc::new(Semaphore::new(MAX_LARGE as usize)),
            pipelined: Arc::new(Semaphore::new((compute_limit::cores() / 2).max(1))),
            upload_places: Arc::new(Semaphore::new(MAX_UPLOADS as usize)),
            bodies: BodyBudget::new(),
            max_body,
            responses: ResponseMemory::new(slots.clone()),
            slots,
            compute_limit: Arc::new(ComputeLimit::new(compute_limit::cores())),
            clock,
            counts,
            trusted_proxies: trusted_proxies.into(),
            holder,
        }
    }

    /// Bytes of a request that are read after it was refused: also of a body that is too large.
    pub fn max_unread(&self) -> u64 {
        MIN_UNREAD.max(self.max_body.saturating_mul(2))
    }

    /// Responds with what the component says, or with a [`Failure`]. A response that the component
    /// wants to be held is sent later.
    pub async fn respond(
        self,
        mut request: Request<Incoming>,
        client: Client,
        active: ActiveRequest,
    ) -> Result<Response<LoggedBody>, Infallible> {
        let id = request_headers::request_id(request.headers_mut());
        request_headers::set_client(request.headers_mut(), client.address);
        let network = client_network(request.headers(), &self.trusted_proxies);
        let slot = active.slot();
        let mut record = AccessRecord::new(&request, &id, network, self.counts.clone(), active);
        let again = may_be_held(&request).then(|| head(&request));
        let seen = self.holder.look();
        let (has_body, sending) = (!request.body().is_end_stream(), client.sending.clone());
        let handled = timeout(REQUEST_TIMEOUT, self.handle(request, client)).await;
        let mut response = respond(handled.unwrap_or(Err((Failure::Timeout, None))), &id);
        self.holder.publish(response.headers_mut());
        if let Some(head) = again {
            let ask = || self.asking(head);
            response = self.holder.hold(response, seen, ask, &slot).await;
        }
        if response.extensions().get::<Held>().is_some() {
            record.hold();
        }
        let device = for_log::take_device(response.headers_mut());
        strip(response.headers_mut());
        // hyper closes the connection when the body is dropped unread. A client that does not know it
        // would send its next request there.
        if has_body && sending.is_heard() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
        let status = response.status();
        Ok(response.map(|body| LoggedBody::new(body, status, device, record)))
    }

    /// Asks the component again for a request without a body, which is not counted again.
    fn asking(&self, head: Parts) -> Ask {
        let service = self.clone();
        Box::new(move |last_id| {
            let (service, head) = (service.clone(), head.clone());
            Box::pin(async move { service.ask_again(head, last_id).await })
        })
    }

    async fn ask_again(&self, mut head: Parts, last_id: Option<String>) -> Response<WasiBody> {
        let id = request_headers::request_id(&mut head.headers);
        if let Err(failure) = request_headers::prepare(&mut head) {
            return failure.response();
        }
        mark_again(&mut head.headers, last_id.as_deref());
        let permits = self.permits(&self.requests, false).await;
        respond(self.run_reading(head, permits, true).await, &id)
    }

    async fn handle(&self, request: Request<Incoming>, client: Client) -> Handled {
        let (mut parts, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        let is_pipelined = !client.sending.is_heard();
        let computes_little = computes_little(&parts);
        if !has_body {
            client.sending.ended();
        }
        request_headers::prepare(&mut parts).map_err(|failure| (failure, None))?;
        let _turn = match is_pipelined {
            true => {
                let turn = self.pipelined.acquire();
                client.slot.wait_pipelining(turn).await.ok()
            }
            false => None,
        };
        let limit = match has_body {
            true => &self.uploads,
            false if is_open(&parts) => &self.open,
            false => &self.requests,
        };
        let place = match has_body {
            true => self.upload_place().await,
            false => None,
        };
        let may_change = may_change(&parts.method);
        let permits = self.permits(limit, has_body || may_change).await;
        if !has_body && !may_change {
            return self.run_reading(parts, permits, !computes_little).await;
        }
        permits.keep(place);
        let unheard = may_change.then(|| self.holder.unheard());
        if let Some(unheard) = &unheard {
            permits.keep(unheard.guard());
        }
        let body = has_body.then(|| self.guest_body(body, client, permits.clone()));
        let handled = self.run(&parts, body, permits, !has_body).await;
        if let Some(unheard) = unheard {
            unheard.heard();
        }
        handled
    }

    async fn permits(&self, limit: &Arc<Semaphore>, may_wait: bool) -> Arc<Permits> {
        Permits::acquire(limit.clone(), self.clock.keep_running(), may_wait).await
    }

    /// Runs a request without a body that changes nothing. Where it needs memory and there is none, it
    /// begins anew in a queue of such requests, and is not counted again.
    async fn run_reading(
        &self,
        mut head: Parts,
        permits: Arc<Permits>,
        is_limited: bool,
    ) -> Handled {
        let no_room = permits.no_room.clone();
        let handled = self.run(&head, None, permits, is_limited).await;
        let has_failed = match &handled {
            Ok(response) => response.status().is_server_error(),
            Err(_) => true,
        };
        if !has_failed || no_room.is_none_or(|no_room| !no_room.load(Relaxed)) {
            return handled;
        }
        mark_again(&mut head.headers, None);
        let permits = self.permits(&self.large, true).await;
        self.run(&head, None, permits, true).await
    }

    async fn run(
        &self,
        head: &Parts,
        body: Option<WasiBody>,
        permits: Arc<Permits>,
        is_limited: bool,
    ) -> Handled {
        let has_body = body.is_some();
        let (out_of_time, out_of_memory) =
            (permits.out_of_time.clone(), permits.out_of_memory.clone());
        let response = self.handler.handle(permits.clone(), head, body);
        let completed = async {
            let response = response.await?;
            Ok::<_, wasmtime::Error>(self.responses.complete(response, &head.method).await?)
        };
        let handled = match is_limited {
            true => self.compute_limit.run(completed).await,
            false => completed.await,
        };
        match handled {
            Ok(Completed::InMemory(response)) => Ok(response),
            Ok(Completed::Streaming(response)) => {
                Ok(response.map(|body| with_permits(body, permits)))
            }
            Err(error) if out_of_time.load(Relaxed) => Err((Failure::Timeout, Some(error))),
            Err(_) if has_body && out_of_memory.load(Relaxed) => {
                Err((Failure::TooMuchMemory(self.max_memory), None))
            }
            Err(error) => Err((Failure::Internal, Some(error))),
        }
    }

    /// Waits for a place among the uploads; while there is none, the slowest of them is ended.
    async fn upload_place(&self) -> Option<OwnedSemaphorePermit> {
        let place = self.upload_places.clone().acquire_owned();
        self.slots.evict_slow_uploads_until(place).await.ok()
    }

    fn guest_body(&self, body: Incoming, client: Client, permits: Arc<Permits>) -> WasiBody {
        let body = ReportedBody {
            body,
            sending: client.sending,
        };
        let memory = self.bodies.start();
        GuestBody::new(body, self.max_body, memory, permits, client.slot).boxed_unsync()
    }
}

/// Whether it needs neither a key nor the database, as far as its head tells.
fn is_open(request: &Parts) -> bool {
    addresses::is_open(&request.method, request.uri.path()) && request.uri.query().is_none()
}

/// Whether it asks no store and computes next to nothing. Behind a queue of pulls a monitor would
/// take a server for dead that is well.
fn computes_little(request: &Parts) -> bool {
    let found = Route::find(&request.method, request.uri.path());
    let is_little = found.is_ok_and(|found| matches!(found.route, Route::Root | Route::Health));
    is_little && request.uri.query().is_none()
}

/// A copy of the head.
fn head<B>(request: &Request<B>) -> Parts {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head.into_parts().0
}

fn may_change(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Logs why there is no response.
fn respond(handled: Handled, id: &HeaderValue) -> Response<WasiBody> {
    handled.unwrap_or_else(|(failure, cause)| {
        if let Some(cause) = cause {
            let error = format!("{cause:#}");
            tracing::error!(error, request_id = id.to_str().ok(), "no answer");
        }
        failure.response()
    })
}

/// Keeps the permits until the response body ends, because the guest is still writing it.
fn with_permits(body: WasiBody, permits: impl Send + 'static) -> WasiBody {
    let keep = move |error| {
        let _permits = &permits;
        error
    };
    body.map_err(keep).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    #[test]
    fn only_what_asks_no_store_needs_no_turn_to_compute() {
        for (method, target, is_little) in [
            ("GET", "/health", true),
            ("HEAD", "/", true),
            ("GET", "/health?deep=1", false),
            ("GET", "/openapi.json", false),
            ("DELETE", "/health", false),
            ("GET", "/v1/projects/p/files", false),
        ] {
            let request = Request::builder().method(method).uri(target).body(());
            let parts = request.unwrap().into_parts().0;
            assert_eq!(computes_little(&parts), is_little, "{method} {target}");
        }
    }

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
