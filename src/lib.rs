//! KamiFlow Sync: a self-hosted sync server for private workspace files, as a Spin HTTP component.
//!
//! In reading order:
//!
//! * [`project`] — the words of the domain and what makes them valid
//! * [`sync`], [`diff`] — the rules: what a push does to each path, and what a device must do
//! * [`store`] — the one user of SQLite
//! * [`wire`], [`json`], [`cursor`] — the JSON contract
//! * [`route`], [`api`] — every address, the order of checks, one file per request
//! * [`auth`], [`rate_limit`], [`cors`], [`encoding`] — what comes before and after a request
//! * [`settings`], [`memory`], [`error`] — every setting, what is forgotten with the process, and
//!   every way to fail
//! * `component` — the entry point, and with `bindings`, [`store`], [`memory`] and [`settings`] the only
//!   place that knows WASI or Spin

pub mod api;
pub mod auth;
mod bindings;
#[cfg(target_family = "wasm")]
mod component;
pub mod cors;
pub mod cursor;
pub mod diff;
pub mod encoding;
pub mod error;
pub mod json;
pub mod memory;
pub mod project;
pub mod rate_limit;
pub mod route;
pub mod settings;
pub mod store;
pub mod sync;
pub mod wire;
