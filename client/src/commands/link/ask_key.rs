//! Gets the key: from `KAMISYNC_KEY`, from a person, or from standard input.

use std::io::{IsTerminal, stdin};

use anyhow::{Context, Result};

use crate::commands::exit::usage;
use crate::commands::key::{KEY, of_environment, sound};

/// The key to link with. On a terminal it is asked for, and not shown.
pub fn ask() -> Result<String> {
    let text = match of_environment() {
        Some(key) => key,
        None if stdin().is_terminal() => {
            rpassword::prompt_password("Key of this device: ").context("No key was read")?
        }
        None => {
            let mut line = String::new();
            stdin().read_line(&mut line).context("No key was read")?;
            line
        }
    };
    if text.trim().is_empty() {
        return Err(usage(format!(
            "Give the key on a terminal, on standard input, or in {KEY}."
        )));
    }
    sound(&text).ok_or_else(|| usage("A key has letters, digits, - and _ alone: copy it again."))
}
