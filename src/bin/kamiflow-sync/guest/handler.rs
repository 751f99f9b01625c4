//! The way of a request into a guest.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use wasmtime_wasi_http::WasiBody;

use super::code::Code;
#[cfg(feature = "wasi-0-3")]
use super::entry::request;
use super::instances::Instances;
use super::permits::Permits;
use super::source::Source;
#[cfg(feature = "wasi-0-3")]
use super::wasi_0_3;

/// Clones share the instances.
#[derive(Clone)]
pub enum Handler {
    Wasi02(Instances),
    #[cfg(feature = "wasi-0-3")]
    Wasi03(wasi_0_3::Handler),
}

impl Handler {
    pub fn new(source: Source, code: Code) -> Self {
        match code {
            Code::Wasi02(component) => Self::Wasi02(Instances::new(source, component)),
            #[cfg(feature = "wasi-0-3")]
            Code::Wasi03(component) => Self::Wasi03(wasi_0_3::handler(source, component)),
        }
    }

    /// Bytes of memory per instance.
    pub fn max_memory(&self) -> usize {
        match self {
            Self::Wasi02(instances) => instances.max_memory(),
            #[cfg(feature = "wasi-0-3")]
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
            #[cfg(feature = "wasi-0-3")]
            Self::Wasi03(handler) => handler.handle(permits, request(head, body)).await,
        }
    }
}
