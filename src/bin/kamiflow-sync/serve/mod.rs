//! Serving HTTP: sockets, connections, limits, logs and metrics.
//!
//! A request goes from [`listener`] through `stall_watch` and `slots` to [`service`],
//! which takes it through the `queues` into a guest, where the `runner` runs it. No rule of the sync
//! protocol and nothing about Spin's interfaces belongs here; of the other modules, this one imports
//! `guest`, `config` and `database`.

mod access_log;
pub mod answer_hours;
pub mod banner;
mod body_budget;
pub mod compute_limit;
pub mod counts;
mod failure;
pub mod hold;
pub mod host_report;
mod lingering_close;
pub mod listener;
pub mod log;
pub mod metrics;
pub mod metrics_server;
pub mod open_files;
mod queues;
mod refused_head;
mod request_body;
mod request_headers;
mod request_kind;
mod response_memory;
pub mod restart_pause;
mod runner;
pub mod service;
pub mod service_manager;
pub mod signals;
pub mod slots;
mod stall_watch;
mod timeout;
