//! What an operator does: the real commands on real databases, beside the real server.

mod backup;
mod check;
mod container;
mod doctor;
mod export;
mod healthcheck;
mod legacy;
mod metrics;
mod proxy;
mod restore;
mod upgrade;
