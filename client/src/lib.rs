//! Two-way sync of a KamiFlow folder with a KamiFlow Sync server.
//!
//! * [`config`] — what `.kamirc.json` says, and which files of the folder are synced
//! * [`remote`], [`feed`] — what the engine asks of a server, and how that fails
//! * [`transport`] — asks it over HTTP
//! * [`scan`] — what is in the folder
//! * `state_folder`, `private_file`, [`lock`] — the folder with what is remembered, in which one program works at a time
//! * [`state`] — what both sides had when they were last in sync
//! * [`plan`], [`absence`], [`merge`](mod@merge), [`conflict`] — the rules, without disk and server
//! * [`apply`] — changes files so that nothing is lost
//! * [`round`] — one round in both directions, and what it would do
//! * [`commands`] — the program
//!
//! What a person saved is never gone: it is in the folder, in a conflict copy beside its file, in the
//! trash, or in the history of the server.

pub mod absence;
pub mod apply;
pub mod checksum;
mod cli;
pub mod commands;
pub mod config;
pub mod conflict;
mod dates;
pub mod error;
pub mod feed;
pub mod lock;
pub mod merge;
pub mod names;
pub mod plan;
mod private_file;
pub mod remote;
pub mod report;
pub mod round;
pub mod scan;
pub mod state;
mod state_folder;
pub mod transport;
