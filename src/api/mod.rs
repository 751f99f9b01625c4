//! One request in, one answer out.
//!
//! [`answer()`] has the order of checks, `admission` says which requests are let in, [`routes`] every address, `handlers` a file for each request.
//! HTTP is known here; SQL, WASI and Spin are not.

mod admission;
pub mod again;
mod answer;
mod app;
mod auth;
mod bell;
mod caller;
pub mod client_network;
pub mod clock;
mod contention;
mod cors;
pub mod credentials;
pub mod error;
mod etag;
mod event_stream;
mod failure;
pub mod for_log;
pub mod gzip;
pub mod handlers;
pub mod hold;
mod later;
pub mod message;
pub mod pattern;
pub mod person;
mod places;
mod publication;
mod rate_limit;
pub mod request;
mod request_id;
mod response;
pub mod routes;
pub mod site;
#[cfg(test)]
mod statements;
pub mod stream_state;
#[cfg(test)]
mod testing;
mod uncounted;
mod waiting;
mod watch;

pub use answer::{answer, complete, refuse_malformed};
pub use app::App;
pub use bell::{Bell, Listener};
pub use caller::Caller;
pub use contention::Contention;
pub use error::Error;
pub use later::Later;
pub use places::Places;
pub use publication::Publication;
pub use request::{Body, MAX_PAUSE};
pub use response::attachment;
pub use waiting::CountedWait;
pub use watch::{Watch, Watched};
