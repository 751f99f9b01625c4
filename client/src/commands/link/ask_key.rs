//! Gets the key: from `KAMISYNC_KEY`, from a person, or from standard input.

use std::io::{IsTerminal, stdin};

use anyhow::{Context, Result};

use crate::commands::exit::usage;
use crate::commands::key::KEY;

/// The key to link with. On a terminal it is asked for, and not shown.
pub fn ask() -> Result<String> {
    let text = match std::env::var(KEY) {
        Ok(key) => key,
        Err(_) if stdin().is_terminal() => {
            rpassword::prompt_password("Key of this device: ").context("No key was read")?
        }
        Err(_) => {
            let mut line = String::new();
            stdin().read_line(&mut line).context("No key was read")?;
            line
        }
    };
    match text.trim() {
        "" => Err(usage(format!(
            "Give the key on a terminal, on standard input, or in {KEY}."
        ))),
        key => Ok(key.to_owned()),
    }
}
