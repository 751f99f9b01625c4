//! Holds requests that wait for a change, so that none of them has an instance, a permit or a
//! connection slot.
//!
//! The component answers such a request at once, with an instruction (`api::waiting::hold`): what to wait for,
//! and how long. [`Holder`] sends the answer when the time is over, and asks the component again when
//! the channel has news; a stream of events gets the news themselves. News come with the answer to a push, after its commit (`api::waiting::publication`),
//! and from `outside`, when another process has written to the database.

mod ask;
mod event_stream;
mod frames;
mod holder;
mod hub;
mod long_poll;
mod mailbox;
mod outside;
mod places;
mod unheard;
mod waiting;

pub use ask::Ask;
pub use holder::{Held, Holder};
pub use outside::Written;
