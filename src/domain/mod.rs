//! The rules: what is valid, what a push, a diff and a cursor mean, and what a key may do.
//!
//! Everything here is pure: no SQL, no JSON, no HTTP, no clock. A value of one of these types has
//! passed its rules, so the rest of the program need not check it again.

pub mod checksum;
pub mod clock;
pub mod conflict;
pub mod current_state;
pub mod cursor;
pub mod diff;
pub mod fault;
pub mod folding;
pub mod key;
pub mod name;
pub mod path;
pub mod path_clash;
pub mod plan;
pub mod portability;
pub mod project_id;
pub mod pull_marks;
#[cfg(test)]
mod pull_marks_tests;
pub mod push;
pub mod rejection;
pub mod rules;
pub mod session;
pub mod spellings;
pub mod step;
pub mod sync_folders;
pub mod tree_digest;
pub mod version;

pub use checksum::Checksum;
pub use clock::{Clock, DAY_US};
pub use conflict::Conflict;
pub use current_state::CurrentState;
pub use cursor::Cursor;
pub use path::FilePath;
pub use plan::{Plan, Replaced};
pub use portability::{PortablePaths, UnportableName};
pub use project_id::ProjectId;
pub use push::{Content, Delete, MAX_GIT_REPO, MAX_MODIFIED, MAX_NAME, Push, Put};
pub use rejection::Rejection;
pub use rules::Rules;
pub use step::{Outcome, Status, Step};
pub use sync_folders::SyncFolders;
pub use tree_digest::TreeDigest;
pub use version::{MAX_FILE_BYTES, Rev, Version};
