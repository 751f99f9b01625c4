//! One request of a connection: through the limits into a guest, and its response back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use ipnet::IpNet;
use kamiflow_sync_component::addresses::may_be_held;
use kamiflow_sync_component::api::client_network::client_network;
use kamiflow_sync_component::api::for_log;
use kamiflow_sync_component::api::request_id::REQUEST_ID;
use kamiflow_sync_component::api::waiting::again::{mark_again, strip};
use wasmtime_wasi_http::WasiBody;

use super::access_log::{AccessRecord, LoggedBody};
use super::body_budget::BodyBudget;
use super::counts::Counts;
use super::failure::Failure;
use super::hold::{Ask, Held, Holder};
use super::lingering_close::{ReportedBody, Sending};
use super::queues::Queues;
use super::request_body::GuestBody;
use super::request_headers;
use super::request_kind::{computes_little, may_change};
use super::runner::{Handled, Runner};
use super::slots::{ActiveRequest, ConnectionSlots, Slot};
use super::timeout::timeout;
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
    queues: Arc<Queues>,
    runner: Arc<Runner>,
    bodies: BodyBudget,
    max_body: u64,
    counts: Counts,
    trusted_proxies: Arc<[IpNet]>,
    holder: Holder,
}

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
            queues: Arc::new(Queues::new(slots.clone(), clock)),
            runner: Arc::new(Runner::new(handler, slots)),
            bodies: BodyBudget::new(),
            max_body,
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
        if for_log::take_moved(response.headers_mut()) {
            record.moved();
        }
        strip(response.headers_mut());
        // hyper closes the connection when the body is dropped unread. A client that does not know it
        // would send its next request there.
        if has_body && sending.is_heard() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
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
        let permits = self.queues.enter_again().await;
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
        let _turn = if is_pipelined {
            self.queues.pipelined(&client.slot).await
        } else {
            None
        };
        let permits = self.queues.enter(&parts, has_body).await;
        let may_change = may_change(&parts);
        if !has_body && !may_change {
            return self.run_reading(parts, permits, !computes_little).await;
        }
        let unheard = may_change.then(|| self.holder.unheard());
        if let Some(unheard) = &unheard {
            permits.keep(unheard.guard());
        }
        let body = has_body.then(|| self.guest_body(body, client, permits.clone()));
        let handled = self.runner.run(&parts, body, permits, !has_body).await;
        if let Some(unheard) = unheard {
            unheard.heard();
        }
        handled
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
        let handled = self.runner.run(&head, None, permits, is_limited).await;
        let has_failed = match &handled {
            Ok(response) => response.status().is_server_error(),
            Err(_) => true,
        };
        if !has_failed || no_room.is_none_or(|no_room| !no_room.load(Relaxed)) {
            return handled;
        }
        mark_again(&mut head.headers, None);
        let permits = self.queues.enter_large().await;
        self.runner.run(&head, None, permits, true).await
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

/// A copy of the head.
fn head<B>(request: &Request<B>) -> Parts {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head.into_parts().0
}

/// Logs why there is no response.
fn respond(handled: Handled, id: &HeaderValue) -> Response<WasiBody> {
    handled.unwrap_or_else(|(failure, cause)| {
        if let Some(cause) = cause {
            let error = format!("{cause:#}");
            tracing::error!(
                error,
                request_id = id.to_str().ok(),
                "request failed without an answer"
            );
        }
        failure.response()
    })
}
