//! The commands of an operator: everything but serving.
//!
//! They work on the database file itself. `backup`, `check`, `export` and the imports do so
//! beside a running server, as `SQLite` allows; `restore` makes sure that there is none.

pub mod backup;
mod check;
mod doctor;
mod export;
mod healthcheck;
mod import;
mod ledger;
mod legacy;
pub mod lock;
mod open;
mod partial;
mod place;
mod progress;
mod restore;

use anyhow::Result;
use clap::CommandFactory;

use crate::cli::{Cli, Command};

/// Runs any command but `up`.
///
/// # Errors
///
/// When it could not do all that it was asked for.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Up(args) => crate::up::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Check(args) => check::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::ImportLegacy(args) => legacy::run(args),
        Command::Healthcheck(args) => healthcheck::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions { shell } => {
            let name = env!("CARGO_BIN_NAME");
            clap_complete::generate(*shell, &mut Cli::command(), name, &mut std::io::stdout());
            Ok(())
        }
    }
}

/// Now, as a part of a file name.
fn time() -> Result<String> {
    let connection = rusqlite::Connection::open_in_memory()?;
    let now = "SELECT strftime('%Y%m%dT%H%M%SZ', 'now')";
    Ok(connection.query_row(now, [], |row| row.get(0))?)
}
