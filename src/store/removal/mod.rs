//! What takes data away for good: deleted projects, purged versions, and content that is older than `retention` says.
//!
//! All of it goes in steps between which others write, and goes on after an interruption where it ended. `erase` overwrites
//! the bytes, in the file and in its log. What a push deletes stays in the history, and is no subject here.

mod erase;
mod projects;
mod purge;
mod retention;

pub(super) use projects::Gone;
pub use purge::{Purge, Purged};
pub use retention::Retention;
