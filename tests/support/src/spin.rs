//! Spin in place of the program, where the variable `SPIN` names it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::like;
use crate::root;

const SPIN: &str = "SPIN";

/// Whether servers run on Spin.
pub(crate) fn is_used() -> bool {
    std::env::var_os(SPIN).is_some()
}

/// The command itself or, with `SPIN`, the one that starts the same manifest on Spin with the same
/// settings, and with its data in `folder`.
pub(crate) fn instead_of(command: Command, folder: &Path) -> Command {
    match std::env::var_os(SPIN) {
        Some(spin) => on_spin(&command, Command::new(spin), folder),
        None => command,
    }
}

fn on_spin(command: &Command, mut spin: Command, folder: &Path) -> Command {
    let runtime_config = folder.join("runtime-config.toml");
    let config = config(&database(command, folder));
    std::fs::write(&runtime_config, config).expect("a runtime config");
    let port = setting(command, "PORT").unwrap_or("0".as_ref());
    let address = format!("127.0.0.1:{}", port.to_string_lossy());
    spin.args(command.get_args())
        .args(["--listen", &address, "--runtime-config-file"])
        .arg(runtime_config)
        .arg("--state-dir")
        .arg(folder);
    let mut spin = like(command, spin);
    for (name, value) in command.get_envs() {
        let variable = format!("SPIN_VARIABLE_{}", name.to_string_lossy());
        spin.env(variable, value.unwrap_or_default());
    }
    spin
}

/// Where the program has its database.
fn database(command: &Command, folder: &Path) -> PathBuf {
    setting(command, "DB_PATH").map_or(folder.join("sync.db"), PathBuf::from)
}

fn setting<'a>(command: &'a Command, wanted: &str) -> Option<&'a OsStr> {
    let mut settings = command.get_envs();
    settings.find_map(|(name, value)| value.filter(|_| name == wanted))
}

/// The one in the root of the repository, with this database.
fn config(database: &Path) -> String {
    let text = std::fs::read_to_string(root().join("runtime-config.toml"));
    let database = database.to_str().expect("a path in UTF-8");
    text.expect("a runtime config")
        .replace("data/kamiflow-sync.db", database)
}
