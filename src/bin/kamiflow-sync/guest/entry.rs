//! The functions that take the requests of a component for WASI 0.2: those of `exchange`, or of `wasi:http`.

use http::Request;
use http::request::Parts;
use http_body_util::{BodyExt, Empty};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::{WasiBody, WasiHttpView};

use super::exchange::{Answer, Exchange, Exports, Message};
use super::state::GuestState;
use crate::platform::Shared;

/// A component, and which functions it has.
pub enum Entry {
    Exchange(InstancePre<GuestState>, Exports),
    WasiHttp(ProxyPre<GuestState>),
}

/// The functions of an instance.
pub enum Functions {
    Exchange(Exchange),
    WasiHttp(Proxy),
}

/// A request as its functions take it.
pub enum Prepared {
    Exchange(Message),
    WasiHttp(Request<WasiBody>),
}

impl Entry {
    /// A component that keeps connections open itself, as on Spin, is called as on Spin.
    pub fn of(component: ProxyPre<GuestState>, shared: &Shared) -> Self {
        match Exports::of(component.instance_pre()) {
            Some(exports) if shared.holds_connections() => {
                Self::Exchange(component.instance_pre().clone(), exports)
            }
            _ => Self::WasiHttp(component),
        }
    }

    /// A request with this head.
    pub fn request(&self, head: &Parts, body: Option<WasiBody>) -> Prepared {
        match self {
            Self::Exchange(..) => Prepared::Exchange(Message::new(head, body)),
            Self::WasiHttp(_) => Prepared::WasiHttp(request(head, body)),
        }
    }

    pub async fn instantiate(&self, store: &mut Store<GuestState>) -> wasmtime::Result<Functions> {
        Ok(match self {
            Self::Exchange(component, exports) => {
                store.data_mut().platform.leave_column_names_out();
                let instance = component.instantiate_async(&mut *store).await?;
                Functions::Exchange(exports.load(store, &instance)?)
            }
            Self::WasiHttp(component) => {
                Functions::WasiHttp(component.instantiate_async(store).await?)
            }
        })
    }
}

impl Functions {
    /// Sends the answer as soon as it is there, and returns when the guest has finished.
    pub async fn call(
        &self,
        store: &mut Store<GuestState>,
        request: Prepared,
        answer: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        match (self, request) {
            (Self::Exchange(exchange), Prepared::Exchange(message)) => {
                exchange.call(store, message, answer).await
            }
            (Self::WasiHttp(proxy), Prepared::WasiHttp(request)) => {
                let mut http = store.data_mut().http();
                let request = http.new_incoming_request(Scheme::Http, request)?;
                let answer = http.new_response_outparam(answer)?;
                let handler = proxy.wasi_http_incoming_handler();
                handler.call_handle(store, request, answer).await
            }
            _ => unreachable!("a request is made for the functions of its component"),
        }
    }
}

/// A request for `wasi:http`.
pub fn request(head: &Parts, body: Option<WasiBody>) -> Request<WasiBody> {
    let nothing = || Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::from_parts(head.clone(), body.unwrap_or_else(nothing))
}
