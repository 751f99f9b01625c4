//! The database as a file: private, locked against a restore, and opened natively.

pub mod backup_mark;
pub mod files;
pub mod lock;
pub mod open;
