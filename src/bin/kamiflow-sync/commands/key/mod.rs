//! `key`: makes, lists, rotates and revokes keys of devices, in the database itself. A server that runs
//! beside it knows of every change with its next request.

mod add;
mod change;
mod expiry;
mod list;
mod revoke;
mod rotate;

use anyhow::Result;

use crate::cli::KeyCommand;

pub fn run(command: &KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Add(args) => add::run(args),
        KeyCommand::List(args) => list::run(args),
        KeyCommand::Rotate(args) => rotate::run(args),
        KeyCommand::Revoke(args) => revoke::run(args),
    }
}
