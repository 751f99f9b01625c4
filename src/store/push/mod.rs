//! A push, from what is stored at its paths to its rows: read, decided by the rules of `domain`, numbered, and written whole or
//! not at all.
//!
//! [`Store::apply`](super::Store::apply) chooses the way. Most pushes do all of it in a transaction (`write`). A `large` one reads
//! before it, so that others wait less, and where the database is a server a push is one statement and no transaction
//! (`unlocked`), unless others push into the project too (`contention`). Nothing here tells what may be pushed.

mod contention;
mod current_state;
mod import;
mod insert;
mod large;
mod names;
mod naming;
mod numbering;
mod unlocked;
mod write;

pub(super) use contention::Contention;
pub use import::Import;
pub(super) use numbering::{next_rev, next_tag};
pub use write::{Applied, PushTo};
