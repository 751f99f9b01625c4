//! Components for WASI 0.3, as Spin runs them from 4.1 on; only in a program that is built with the
//! feature `wasi-0-3`, because the program then takes longer to compile.

mod expiration;
mod workers;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};
use wasmtime_wasi_http::p3;

use super::code::Code;
use super::linker::linker;
use super::source::Source;
use super::state::GuestState;
use workers::Workers;

/// Instances of such a component.
pub type Handler = ProxyHandler<Workers>;

/// Links a component that exports the HTTP handler of WASI 0.3.
pub fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Code> {
    let mut linker = linker(engine)?;
    p3::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    let component = linker.instantiate_pre(component)?;
    let component = p3::bindings::ServicePre::new(component)?;
    Ok(Code::Wasi03(ProxyPre::P3(component)))
}

pub fn handler(source: Source, component: ProxyPre<GuestState>) -> Handler {
    ProxyHandler::new(Workers { source, component })
}
