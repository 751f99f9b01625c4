//! Requests that wait for news, and streams of events.
//!
//! A handler that finds nothing newer says in its answer what to wait for (`hold`), and one that changes something what is new
//! (`publication`); the host asks `again`. Where the host holds no connections, the component waits by itself: with a place
//! (`counted_wait`), for one look at the database that serves all (`watch`). No request is answered here.

pub mod again;
mod bell;
mod counted_wait;
pub(super) mod event_stream;
pub mod hold;
mod places;
mod publication;
pub mod stream_state;
mod watch;

pub use bell::{Bell, Listener};
pub use counted_wait::CountedWait;
pub use places::Places;
pub use publication::Publication;
pub(super) use publication::with_news;
pub use watch::{Watch, Watched};
