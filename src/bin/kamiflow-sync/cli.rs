//! The command line: the flags of `spin up`, under Spin's names.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Self-hosted sync server for KamiFlow workspace files.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a command, `up`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `up`, for a command line without a command.
    #[command(flatten)]
    pub up: UpArgs,
}

/// Everything the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server (the default)
    Up(UpArgs),
    /// Copy the database into FILE and check the copy; the server may run
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(BackupArgs),
    /// Put a backup in the place of the database; the server must be stopped
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Look for damage: every reference, count and checksum; the server may run
    Check(PlaceArgs),
    /// Write the files of a project, and a list of them, into a tar file
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Store the files of an exported tar file in a project, all or none
    Import(ImportArgs),
    /// Move in: take over all projects of the original server's database
    #[command(after_help = LEGACY_EXAMPLES)]
    ImportLegacy(LegacyArgs),
    /// Ask a running server for its health: exit code 0 if it answers well, else 1
    #[command(after_help = HEALTHCHECK_EXAMPLES)]
    Healthcheck(HealthcheckArgs),
    /// Look at settings, data and machine; the report has no secret in it
    Doctor(DoctorArgs),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell
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
const EXPORT_EXAMPLES: &str = "Example:
  kamiflow-sync export my-project my-project.tar && tar -tf my-project.tar";
const LEGACY_EXAMPLES: &str = "Example:
  kamiflow-sync import-legacy /old/data/kamiflow-sync.db";

const HEALTHCHECK_EXAMPLES: &str = "Examples:
  kamiflow-sync healthcheck
  kamiflow-sync healthcheck 'http://127.0.0.1:8080/health?deep=1'";
const COMPLETIONS_EXAMPLES: &str = "Example:
  kamiflow-sync completions bash > ~/.local/share/bash-completion/completions/kamiflow-sync";

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// What to ask [default: http://127.0.0.1:$PORT/health]
    pub url: Option<String>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the server listens, if it does not on 127.0.0.1:$PORT
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Which installation a command works on.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The manifest, or the folder it is in [default: spin.toml here, else beside the program]
    #[arg(short, long, value_name = "SPIN_TOML")]
    pub from: Option<PathBuf>,
    /// Where the data lives [default: runtime-config.toml beside the manifest]
    #[arg(long, value_name = "FILE", env = "RUNTIME_CONFIG_FILE")]
    pub runtime_config_file: Option<PathBuf>,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// In a folder as FILE, where the name tells the time, leave only the newest N backups
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// The file and the installation.
    #[command(flatten)]
    pub target: FileArgs,
}

/// Arguments of a command that writes a file.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The file to write
    pub file: PathBuf,
    /// Replace FILE if it exists
    #[arg(long)]
    pub force: bool,
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    pub file: PathBuf,
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The id of the project
    pub project: String,
    /// The file and the installation.
    #[command(flatten)]
    pub target: FileArgs,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The id of the project, new or with --merge
    pub project: String,
    /// A tar file that `export` wrote
    pub file: PathBuf,
    /// Import into a project that has files; those of the tar file win
    #[arg(long)]
    pub merge: bool,
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `import-legacy`.
#[derive(Debug, Args)]
pub struct LegacyArgs {
    /// The original server's database; it is only read
    pub file: PathBuf,
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Flags of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Which installation.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Address to listen on; port 0 takes a free one [default: `$SPIN_HTTP_LISTEN_ADDR`, or 127.0.0.1 and `$PORT`, or 3000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Serve Prometheus metrics there; a port alone is one of 127.0.0.1 [default: none, or what `METRICS_LISTEN` says]
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub metrics_listen: Option<String>,
    /// Set a variable of the manifest, before the environment; `key=@file` reads a file
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
    fn no_command_means_up_and_takes_its_flags() {
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
