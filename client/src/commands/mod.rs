//! The commands of the program, one file for each, and what they share.
//!
//! * `open`, `key`, `device` — the folder, its project, the key and the name of this device
//! * `idle` — settings that select nothing
//! * `round`, `progress`, `summary` — a round, how far it is, and what it did
//! * `say`, `times`, `exit` — what is printed, and the exit code

mod completions;
mod device;
mod exit;
mod idle;
mod key;
mod link;
mod log;
mod open;
mod progress;
mod resolve;
mod restore;
mod round;
mod say;
mod show;
mod status;
mod summary;
mod sync;
mod times;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Command};
use exit::Done;

/// Runs the command of the command line to its end.
pub fn run() -> ExitCode {
    match done(&Cli::parse().command) {
        Ok(done) => done.into(),
        Err(error) => {
            say::note(format_args!("kamisync: {}", say::sentence(&error)));
            exit::code(&error).into()
        }
    }
}

fn done(command: &Command) -> Result<Done> {
    match command {
        Command::Link(args) => link::run(args),
        Command::Sync(args) => sync::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Status(args) => status::run(args),
        Command::Log(args) => log::run(args),
        Command::Show(args) => show::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Resolve(args) => resolve::run(args),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man { folder } => completions::man(folder),
    }
}
