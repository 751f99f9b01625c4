//! A component that instances can be made from.

use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::state::GuestState;

/// A component, compiled and linked.
pub enum Code {
    Wasi02(ProxyPre<GuestState>),
    #[cfg(feature = "wasi-0-3")]
    Wasi03(wasmtime_wasi_http::handler::ProxyPre<GuestState>),
}
