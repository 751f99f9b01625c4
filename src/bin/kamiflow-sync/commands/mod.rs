//! The operator's commands: everything but serving.
//!
//! They work on the database file itself. `backup`, `check`, `export`, `key`, `purge`, the moves and the imports may
//! run beside a server; `restore`, `compact` and `renumber` make sure that there is none. Of the other modules, this one imports `config`
//! and `database`, and never the server.

mod archive;
mod archive_reader;
mod atomic_file;
pub mod backup;
pub mod check;
pub mod clock;
pub mod compact;
pub mod completions;
mod counted;
pub mod doctor;
pub mod export;
mod full_disk;
pub mod healthcheck;
pub mod import;
pub mod import_legacy;
mod installation;
pub mod key;
pub mod move_in;
pub mod move_out;
mod output;
mod printable;
mod progress;
mod project_id;
pub mod purge;
pub mod renumber;
pub mod restore;
