//! What a component can import: WASI and HTTP, as far as [`GuestState`] grants them, and Spin's interfaces.

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p2;

use super::code::Code;
use super::state::GuestState;
use crate::platform;

/// Links a component that exports the HTTP handler of WASI 0.2.
pub fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Code> {
    let component = linker(engine)?.instantiate_pre(component)?;
    p2::bindings::ProxyPre::new(component).map(Code::Wasi02)
}

/// What a component for any version of WASI imports.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    p2::add_only_http_to_linker_async(&mut linker)?;
    platform::add_to_linker(&mut linker, |state: &mut GuestState| &mut state.platform)?;
    Ok(linker)
}
