//! The component in wasmtime: built, compiled, instantiated, limited in memory and time.
//!
//! `handler` takes a request to an instance: of `instances`, or of `wasi_0_3`. `state` is what
//! the host keeps for each of them. Nothing here knows sockets or HTTP connections; of the other modules,
//! this one imports `platform` and, for the build command, `config`.

mod call;
mod code;
mod code_cache;
pub mod component_build;
pub mod engine;
mod entry;
pub mod epoch_clock;
mod exchange;
pub mod expiration;
pub mod handler;
mod instances;
mod linker;
pub mod permits;
mod resource_limit;
pub mod source;
mod state;
mod stderr;
mod wall_clock;
#[cfg(feature = "wasi-0-3")]
mod wasi_0_3;
