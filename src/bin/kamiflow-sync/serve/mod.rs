//! Serving HTTP: sockets, connections, limits, logs and metrics.

mod access_log;
pub mod banner;
mod body_budget;
pub mod compute_limit;
mod connection_slots;
mod failure;
pub mod listener;
pub mod log;
pub mod metrics;
pub mod metrics_server;
mod request_headers;
pub mod service;
pub mod signals;
mod stall_watch;
