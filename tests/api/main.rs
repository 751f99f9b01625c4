//! The black-box suite: the real component in the real host, asked over real sockets.

mod host;

mod auth;
mod concurrency;
mod cors;
mod delete;
mod health;
mod limits;
mod manifest;
mod paths;
mod pull;
mod push;
mod retention;
mod start;
mod status;
mod storage;
