//! The commands of an operator, run on real databases next to the real server.

mod backup;
mod check;
mod cli;
mod clock;
mod compact;
mod container;
mod doctor;
mod export;
mod foreign;
mod healthcheck;
mod keys;
mod legacy;
mod messages;
mod metrics;
mod moving;
mod permissions;
mod proxy;
mod purge;
mod reading;
mod restore;
mod several;
mod streams;
mod systemd;
mod targets;
mod upgrade;
mod waiting;
