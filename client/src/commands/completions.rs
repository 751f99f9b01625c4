//! `completions` and `man`: what a package of this program installs beside it.

use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use super::exit::Done;
use super::say::print;
use crate::cli::Cli;

const NAME: &str = "kamisync";

/// Prints the completion script of a shell.
pub fn run(shell: Shell) -> Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    print(&script);
    Ok(Done::InStep)
}

/// Writes a manual page for the program and one for each command.
pub fn man(folder: &Path) -> Result<Done> {
    let written = clap_mangen::generate_to(Cli::command(), folder);
    written.with_context(|| format!("{} cannot be written to", folder.display()))?;
    Ok(Done::InStep)
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    man(folder.path()).unwrap();
    for page in ["kamisync.1", "kamisync-watch.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{text}");
    }
}
