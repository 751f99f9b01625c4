//! The command line: the flags of `spin up`, under Spin's names.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kamiflow_sync_component::domain::key::Scope;

/// Self-hosted sync server for KamiFlow workspace files.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// `None` means `up`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `up` when there is no command.
    #[command(flatten)]
    pub up: UpArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server (the default)
    Up(UpArgs),
    /// Copy the database into FILE and check the copy; the server may run
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(BackupArgs),
    /// Replace the database with a backup; the server must be stopped
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Check every reference, count and checksum for damage; the server may run
    Check(InstallationArgs),
    /// Give the space of deleted data back to the disk; the server must be stopped
    #[command(after_help = COMPACT_EXAMPLES)]
    Compact(InstallationArgs),
    /// Remove a path, or one version of it, from the history and the disk; the server may run
    #[command(after_help = PURGE_EXAMPLES)]
    Purge(PurgeArgs),
    /// Give changes from the future the present time, after the clock was ahead; the server must be
    /// stopped
    #[command(after_help = RENUMBER_EXAMPLES)]
    Renumber(RenumberArgs),
    /// Write the files of a project, with an index, into a tar file, or with - to standard output
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Store the files of an exported tar file in a project, all or none
    Import(ImportArgs),
    /// Write a project with its whole history into FILE for another server, and close it here; the
    /// server may run
    #[command(after_help = MOVE_EXAMPLES)]
    MoveOut(MoveOutArgs),
    /// Take in a project that another server has moved out; the server may run
    #[command(after_help = MOVE_EXAMPLES)]
    MoveIn(MoveInArgs),
    /// Import all projects of the original server's database
    #[command(after_help = LEGACY_EXAMPLES)]
    ImportLegacy(ImportLegacyArgs),
    /// Make, list, rotate and revoke keys of devices; the server may run
    #[command(subcommand, after_help = KEY_EXAMPLES)]
    Key(KeyCommand),
    /// Check the health of a running server: exit code 0 if it is healthy, else 1
    #[command(after_help = HEALTHCHECK_EXAMPLES)]
    Healthcheck(HealthcheckArgs),
    /// Check settings, data and machine; the report contains no secret
    Doctor(DoctorArgs),
    /// Print the completion script of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const BACKUP_EXAMPLES: &str = "Examples:
  kamiflow-sync backup before-the-upgrade.db
  kamiflow-sync backup /backups --keep 14
  DB_PATH=/data/kamiflow-sync.db kamiflow-sync backup --force /backups/latest.db";
const RESTORE_EXAMPLES: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync restore /backups/sync-2026-11-22.db
  systemctl start kamiflow-sync";
const COMPACT_EXAMPLES: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync compact
  systemctl start kamiflow-sync";
const PURGE_EXAMPLES: &str = "Examples:
  kamiflow-sync purge notes ideas/secret.md
  kamiflow-sync purge notes ideas/plan.md --rev 1795000000123456";
const RENUMBER_EXAMPLES: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync renumber --all
  systemctl start kamiflow-sync";
const EXPORT_EXAMPLES: &str = "Example:
  kamiflow-sync export my-project my-project.tar && tar -tf my-project.tar
  kamiflow-sync export my-project - | tar -xf - -C folder";
const MOVE_EXAMPLES: &str = "Example:
  kamiflow-sync move-out notes notes.db     # on the server that has it
  kamiflow-sync move-in notes.db            # on the other, with the same file";
const LEGACY_EXAMPLES: &str = "Example:
  kamiflow-sync import-legacy /old/data/kamiflow-sync.db";

const KEY_EXAMPLES: &str = "Examples:
  kamiflow-sync key add laptop --scope write
  kamiflow-sync key add tablet --scope append --project my-project --expires 90d
  kamiflow-sync key list
  kamiflow-sync key revoke 4h1rnm2q8x";

const HEALTHCHECK_EXAMPLES: &str = "Examples:
  kamiflow-sync healthcheck
  kamiflow-sync healthcheck 'http://127.0.0.1:8080/health?deep=1'";
const COMPLETIONS_EXAMPLES: &str = "Example:
  kamiflow-sync completions bash > ~/.local/share/bash-completion/completions/kamiflow-sync";

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it; it is never shown again
    Add(KeyAddArgs),
    /// List the keys that are not revoked
    List(InstallationArgs),
    /// Give a key another secret and print it; the one before works for a while
    Rotate(KeyRotateArgs),
    /// Revoke a key: from the next request on it opens nothing
    Revoke(KeyRevokeArgs),
}

#[derive(Debug, Args)]
pub struct KeyAddArgs {
    /// The name of the device, which the history shows
    pub name: String,
    /// What the key may do: read; append, also push; write, also delete and restore; manage, also delete projects and manage keys
    #[arg(long, value_parser = scope)]
    pub scope: Scope,
    /// A project that the key opens; once for each [default: all]
    #[arg(long = "project", value_name = "ID")]
    pub projects: Vec<String>,
    /// When the key stops working: 90d, 2027-01-31 or 2027-01-31T18:00:00Z [default: never]
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct KeyRotateArgs {
    /// The id of the key, as `key list` shows it
    pub id: String,
    /// Hours for which the secret before works too
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(..=720))]
    pub grace: u32,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct KeyRevokeArgs {
    /// The id of the key, as `key list` shows it
    pub id: String,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::parse(name).ok_or("expected read, append, write or manage".to_owned())
}

#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The URL to ask [default: http://127.0.0.1:$PORT/health]
    pub url: Option<String>,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// URL of the health check [default: http://127.0.0.1:$PORT/health]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Also say what each project takes, the largest first; this shows the ids of the projects
    #[arg(long)]
    pub projects: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct InstallationArgs {
    /// The manifest, or its folder [default: spin.toml here, else beside the program]
    #[arg(short, long, value_name = "SPIN_TOML")]
    pub from: Option<PathBuf>,
    /// The file that says where the data is [default: runtime-config.toml beside the manifest]
    #[arg(long, value_name = "FILE", env = "RUNTIME_CONFIG_FILE")]
    pub runtime_config_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Keep only the newest N backups; FILE must be a folder, and their names tell the time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The file to write
    pub file: PathBuf,
    /// Replace FILE if it exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup to restore
    pub file: PathBuf,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// The id of the project
    pub project: String,
    /// The path below .kamiflow/
    pub path: String,
    /// Only this version, by its rev in the history of the path
    #[arg(long)]
    pub rev: Option<i64>,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct RenumberArgs {
    /// The id of the project
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub project: Option<String>,
    /// Renumber every project that has changes from the future
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The id of the project
    pub project: String,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The id of the project, which must have no files unless --merge is given
    pub project: String,
    /// A tar file that `export` wrote
    pub file: PathBuf,
    /// Import into a project that has files, and replace those of the same path
    #[arg(long)]
    pub merge: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct MoveOutArgs {
    /// The id of the project
    pub project: String,
    /// The file to write
    pub file: PathBuf,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct MoveInArgs {
    /// A file that `move-out` wrote
    pub file: PathBuf,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct ImportLegacyArgs {
    /// The original server's database, which is not changed
    pub file: PathBuf,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    pub installation: InstallationArgs,
    /// Address to listen on; port 0 picks a free one [default: `$SPIN_HTTP_LISTEN_ADDR` or 127.0.0.1, and `$PORT` or 3000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Address to serve Prometheus metrics on; a port alone means 127.0.0.1 [default: `$METRICS_LISTEN`, or none]
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub metrics_listen: Option<String>,
    /// Set a variable of the manifest, overriding the environment; `key=@file` reads a file
    #[arg(long = "variable", value_name = "KEY=VALUE", value_parser = key_value)]
    pub variables: Vec<(String, String)>,
    /// Build the component first, even when it looks up to date
    #[arg(long)]
    pub build: bool,
}

/// Splits `key=value`; `key=@file` takes the file's content, as Spin does
/// (`crates/variables-static/src/source.rs`).
fn key_value(argument: &str) -> Result<(String, String), String> {
    let (key, value) = argument
        .split_once('=')
        .ok_or("expected KEY=VALUE".to_owned())?;
    let value = match value.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?,
        None => value.to_owned(),
    };
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_command_the_flags_are_those_of_up() {
        let cli = Cli::parse_from(["kamiflow-sync", "--build", "--variable", "a=b=c"]);
        assert!(cli.command.is_none());
        assert!(cli.up.build);
        assert_eq!(cli.up.variables, [("a".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn a_variable_without_a_value_is_refused() {
        assert!(Cli::try_parse_from(["kamiflow-sync", "up", "--variable", "a"]).is_err());
    }
}
