//! One request in, one answer out.
//!
//! [`answer()`] has the order of checks, `admission` says which requests are let in, [`routes`] every address, `handlers` a file for each request.
//! HTTP is known here; SQL, WASI and Spin are not.

mod admission;
mod answer;
mod app;
mod auth;
mod caller;
pub mod client_network;
pub mod clock;
mod cors;
pub mod credentials;
pub mod error;
mod etag;
mod failure;
pub mod for_log;
pub mod gzip;
pub mod handlers;
mod later;
pub mod message;
mod moment;
pub mod pattern;
pub mod person;
mod rate_limit;
pub mod request;
pub mod request_id;
mod response;
pub mod routes;
pub mod site;
#[cfg(test)]
mod statement_tests;
#[cfg(test)]
mod test_support;
mod uncounted;
pub mod waiting;

pub use answer::{answer, complete, refuse_malformed};
pub use app::App;
pub use caller::Caller;
pub use error::Error;
pub use later::Later;
pub use request::{Body, MAX_PAUSE};
pub use response::attachment;
pub use waiting::{Bell, CountedWait, Listener, Places, Publication, Watch, Watched};
