//! The database as a file: private, in WAL mode, locked against a restore, and opened natively.
//!
//! Both the server and the operator's commands use this module. It imports no other top-level module, and no
//! guest ever holds one of its connections.

pub mod access;
pub mod backup_mark;
pub mod disk_reserve;
pub mod files;
pub mod header;
pub mod last_moment;
mod lending;
pub mod lock;
pub mod log_base;
pub mod log_check;
mod log_file;
pub mod one_file;
pub mod open;
pub mod own_files;
pub mod prepare;
pub mod recent;
mod recognition;
