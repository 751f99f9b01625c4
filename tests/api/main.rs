//! The black-box suite: the real component in the real host, asked over real sockets.

mod host;

mod auth;
mod changes;
mod concurrency;
mod conditional;
mod cors;
mod cursor;
mod delete;
mod described;
mod diff;
mod guest;
mod health;
mod history;
mod hostile;
mod idle;
mod info;
mod isolation;
mod limits;
mod manifest;
mod manifest_route;
mod methods;
mod openapi;
mod paths;
mod promises;
mod pull;
mod push;
mod raw_http;
mod restore;
mod retention;
mod single_file;
mod start;
mod status;
mod storage;
mod wasi_0_3;
