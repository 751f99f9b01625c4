//! `show`: a file as the server has it.

use anyhow::{Result, bail};

use super::exit::Done;
use super::open;
use super::say::print;
use crate::cli::ShowArgs;
use crate::remote::Remote;

/// Prints a version of a file, byte for byte.
pub fn run(args: &ShowArgs) -> Result<Done> {
    let folder = open::folder(args.at.folder.as_deref())?;
    let path = open::path(&folder, &args.path)?;
    let project = open::project(&folder)?;
    let content = match args.rev {
        Some(rev) => project.content(&path, rev)?,
        None => project.newest(&path)?,
    };
    match content {
        Some(content) => print(&content),
        None => {
            bail!("The server does not have that text: `kamisync log {path}` lists what it has.")
        }
    }
    Ok(Done::InStep)
}
