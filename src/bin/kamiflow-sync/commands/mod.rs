//! The commands of an operator: everything but serving.
//!
//! They work on the database file itself. `backup`, `check`, `export` and the imports do so
//! beside a running server, as `SQLite` allows; `restore` makes sure that there is none.

mod atomic_file;
pub mod backup;
pub mod check;
pub mod doctor;
pub mod export;
pub mod healthcheck;
pub mod import;
pub mod import_legacy;
mod installation;
mod progress;
mod project_writer;
pub mod restore;

use anyhow::Result;

/// Now, as a part of a file name.
fn time() -> Result<String> {
    let connection = rusqlite::Connection::open_in_memory()?;
    let now = "SELECT strftime('%Y%m%dT%H%M%SZ', 'now')";
    Ok(connection.query_row(now, [], |row| row.get(0))?)
}
