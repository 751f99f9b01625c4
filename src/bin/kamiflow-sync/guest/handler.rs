//! The way of a request into a guest.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};

use super::entry::request;
use super::instances::Instances;
use super::permits::Permits;
use super::source::Source;
use super::state::GuestState;
use super::workers::Workers;

/// Clones share the instances.
#[derive(Clone)]
pub enum Handler {
    Wasi02(Instances),
    Wasi03(ProxyHandler<Workers>),
}

impl Handler {
    pub fn new(source: Source, component: ProxyPre<GuestState>) -> Self {
        match component {
            ProxyPre::P2(component) => Self::Wasi02(Instances::new(source, component)),
            component @ ProxyPre::P3(_) => {
                Self::Wasi03(ProxyHandler::new(Workers { source, component }))
            }
        }
    }

    /// Bytes of memory per instance.
    pub fn max_memory(&self) -> usize {
        match self {
            Self::Wasi02(instances) => instances.max_memory(),
            Self::Wasi03(handler) => handler.state().source.max_memory,
        }
    }

    /// Answers a request with an instance that is idle, or a new one. `body` is none for a request without
    /// one.
    pub async fn handle(
        &self,
        permits: Arc<Permits>,
        head: &Parts,
        body: Option<WasiBody>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        match self {
            Self::Wasi02(instances) => instances.handle(permits, head, body).await,
            Self::Wasi03(handler) => handler.handle(permits, request(head, body)).await,
        }
    }
}
