//! Native host of the KamiFlow Sync component.
//!
//! It reads the same `spin.toml` and `runtime-config.toml` as Spin, takes the flags of `spin up`, and
//! gives the component the interfaces of `wit/world.wit` exactly as Spin does. The rules of the sync
//! protocol are in the component.
//!
//! Each folder is a module with one subject. A module may import those to the right of it, and none
//! imports this file or [`up`]:
//!
//! `up` → `commands`, `serve` → `guest` → `platform` → `database`; `config` is open to all but
//! `platform` and `database`, and the macros of `say` to all.

mod cli;
mod commands;
mod config;
mod database;
mod guest;
mod platform;
mod say;
mod serve;
mod up;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};
use commands::{
    backup, check, compact, completions, doctor, export, healthcheck, import, import_legacy, key,
    move_in, move_out, purge, renumber, restore,
};
use config::bad_setting::BadSetting;
use rustix::fs::Mode;
use say::note;
use serve::restart_pause;

/// Exit codes: 0 on success or after a graceful stop, 1 when the command fails or the server cannot
/// start or run, 2 for a bad setting or a bad command line (as clap does).
fn main() -> ExitCode {
    // Whatever this program creates is for its user alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Up(cli.up));
    let Err(error) = run(&command) else {
        return ExitCode::SUCCESS;
    };
    note!("kamiflow-sync: {error:#}");
    if let Command::Up(_) = command {
        _ = restart_pause::wait();
    }
    ExitCode::from(if error.is::<BadSetting>() { 2 } else { 1 })
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Up(args) => up::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Check(args) => check::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Purge(args) => purge::run(args),
        Command::Renumber(args) => renumber::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::MoveOut(args) => move_out::run(args),
        Command::MoveIn(args) => move_in::run(args),
        Command::ImportLegacy(args) => import_legacy::run(args),
        Command::Key(command) => key::run(command),
        Command::Healthcheck(args) => healthcheck::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions { shell } => completions::run(*shell),
    }
}
