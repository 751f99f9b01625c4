//! KamiFlow Sync: a self-hosted sync server for private workspace files, as a Spin HTTP component.
//!
//! Imports point inward, and a test reads them:
//!
//! * [`domain`] — the rules: what is valid, and what a push does to each path
//! * [`store`] — the only user of SQL
//! * [`wire`] — the JSON contract
//! * [`settings`], [`counters`] — every setting, and numbers that live as long as the process
//! * [`api`] — every address, the order of checks, one file per request
//! * [`addresses`] — what follows from the address of a request, and every address of the pages
//! * `dashboard` — the pages for people
//! * `dispatch` — which of the two a request is for
//! * `component` — the entry point, and the only place that knows WASI and Spin
//!
//! The library is built twice: as the component for `wasm32-wasip2`, and natively for the program
//! that runs it, whose commands use the same store. That program shows no page, so it is built without them.

pub mod addresses;
pub mod api;
#[cfg(target_family = "wasm")]
mod component;
pub mod counters;
#[cfg(any(target_family = "wasm", test))]
pub mod dashboard;
#[cfg(any(target_family = "wasm", test))]
pub mod dispatch;
pub mod domain;
pub mod settings;
pub mod store;
pub mod wire;
