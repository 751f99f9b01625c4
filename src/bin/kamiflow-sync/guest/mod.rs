//! The component in wasmtime: built, compiled, instantiated, limited.

pub mod component_build;
pub mod engine;
pub mod epoch_clock;
mod state;
mod stderr;
pub mod workers;
