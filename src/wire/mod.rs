//! The JSON contract: what clients send and read, in the spelling that they know.
//!
//! Views of stored values are made with `From`. Only `domain` may come in here; SQL and HTTP stay
//! outside.

pub mod body;
pub mod diff;
mod entries;
pub mod event;
pub mod excerpt;
pub mod failure;
pub mod history;
pub mod host_report;
pub mod info;
pub mod json;
mod json_number;
pub mod key;
pub mod manifest;
pub mod moment;
pub mod numbers;
pub mod page;
pub mod portability;
pub mod project;
pub mod purge;
pub mod push;
pub mod pushed;
pub mod restore;
pub mod version;
