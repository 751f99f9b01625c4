//! The component in wasmtime: built, compiled, instantiated, limited in memory and time.
//!
//! `workers` creates instances for requests, and `state` is what the host keeps for each of them.
//! Nothing here knows sockets or HTTP connections; of the other rooms, this one imports `platform`
//! and, for the build command, `config`.

mod code_cache;
pub mod component_build;
pub mod engine;
pub mod epoch_clock;
pub mod expiration;
mod resource_limit;
mod state;
mod stderr;
mod wall_clock;
pub mod workers;
