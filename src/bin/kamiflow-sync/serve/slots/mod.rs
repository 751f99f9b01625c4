//! Connection slots, and which connection is closed when none is free.
//!
//! A connection is idle while it has no request in progress and all of its last response has been
//! sent. It is stalled while its client has stopped reading. When a connection arrives and no slot
//! is free, one is closed: one that has been stalled for long, else one that sent requests without
//! waiting for answers, else the one that has been idle longest, whether it has never sent a request
//! or is kept alive for the next one, else the one that has been stalled longest, else the upload
//! whose last step is longest ago. So connections that do nothing keep no client out, and a
//! connection in the middle of a request stays open as long as its client does its part.

mod connection_slots;
mod eviction_queue;
mod slot;
#[cfg(test)]
mod tests;
mod ticket;

pub use connection_slots::ConnectionSlots;
pub use slot::{ActiveRequest, Slot};
