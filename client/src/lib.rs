//! Two-way sync of a KamiFlow folder with a KamiFlow Sync server.
//!
//! * [`remote`] — what the engine asks of a server, and how that fails

pub mod remote;
