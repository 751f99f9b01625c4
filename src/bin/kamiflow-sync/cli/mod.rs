//! The command line: the flags of `spin up`, under Spin's names.

mod database;
mod examples;
mod installation;
mod key;
mod project;
mod server;

use clap::{Parser, Subcommand};

pub use database::{BackupArgs, ImportLegacyArgs, RestoreArgs};
pub use installation::{InstallationArgs, TargetArgs};
pub use key::{KeyAddArgs, KeyCommand, KeyRevokeArgs, KeyRotateArgs};
pub use project::{ExportArgs, ImportArgs, MoveInArgs, MoveOutArgs, PurgeArgs, RenumberArgs};
pub use server::{DoctorArgs, HealthcheckArgs, UpArgs};

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
    #[command(after_help = examples::BACKUP)]
    Backup(BackupArgs),
    /// Replace the database with a backup; the server must be stopped
    #[command(after_help = examples::RESTORE)]
    Restore(RestoreArgs),
    /// Check every reference, count and checksum for damage; the server may run
    Check(InstallationArgs),
    /// Give the space of deleted data back to the disk; the server must be stopped
    #[command(after_help = examples::COMPACT)]
    Compact(InstallationArgs),
    /// Remove a path, or one version of it, from the history and the disk; the server may run
    #[command(after_help = examples::PURGE)]
    Purge(PurgeArgs),
    /// Renumber changes whose time lies in the future, after the clock was ahead; the server must be
    /// stopped
    #[command(after_help = examples::RENUMBER)]
    Renumber(RenumberArgs),
    /// Write the files of a project, with an index, into a tar file, or with - to standard output
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Store the files of an exported tar file in a project, all or none
    Import(ImportArgs),
    /// Write a project with its whole history into FILE for another server, and close it here; the
    /// server may run
    #[command(after_help = examples::MOVE)]
    MoveOut(MoveOutArgs),
    /// Take in a project that another server has moved out; the server may run
    #[command(after_help = examples::MOVE)]
    MoveIn(MoveInArgs),
    /// Import all projects of the original server's database
    #[command(after_help = examples::LEGACY)]
    ImportLegacy(ImportLegacyArgs),
    /// Make, list, rotate and revoke keys of devices; the server may run
    #[command(subcommand, after_help = examples::KEY)]
    Key(KeyCommand),
    /// Check the health of a running server: exit code 0 if it is healthy, else 1
    #[command(after_help = examples::HEALTHCHECK)]
    Healthcheck(HealthcheckArgs),
    /// Check settings, data and machine; the report contains no secret
    Doctor(DoctorArgs),
    /// Print the completion script of a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
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
