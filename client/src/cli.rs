//! The command line; the comments are the help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::remote::Rev;

/// Syncs a KamiFlow folder with a KamiFlow Sync server, in both directions.
#[derive(Debug, Parser)]
#[command(name = "kamisync", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  done, in sync
  1  failed
  2  wrong command line, settings or key file
  3  out of sync (status), or open conflicts (resolve)
  4  the server cannot be reached or asks to wait: try again later
  5  needs a decision: many files would be deleted, or the project was deleted on the server
  6  another kamisync works in this folder";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Link a folder with a project of a server
    #[command(after_help = LINK_EXAMPLES)]
    Link(LinkArgs),
    /// Sync a folder with the server, once
    Sync(SyncArgs),
    /// Keep folders in sync, as soon as something changes on either side
    Watch(WatchArgs),
    /// Show what would be uploaded and downloaded, and conflicts; exit code 0 when in sync
    Status(StatusArgs),
    /// List the versions of a file, newest first
    Log(LogArgs),
    /// Print a file as the server has it, or an older version
    Show(ShowArgs),
    /// Bring back an older version of a file or a deleted file
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// List open conflicts, or settle one
    #[command(after_help = RESOLVE_EXAMPLES)]
    Resolve(ResolveArgs),
    /// Print the completion script of a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

const LINK_EXAMPLES: &str =
    "The key is asked for on a terminal, and otherwise read from KAMISYNC_KEY or standard input.

Examples:
  kamisync link https://sync.example.com
  kamisync link https://sync.example.com ~/notes --project 3f9c…
  kamisync link http://127.0.0.1:3000 < key-file";
const RESTORE_EXAMPLES: &str = "Examples:
  kamisync restore ideas/plan.md                          # the version before the newest, or a file that is missing here
  kamisync restore ideas/plan.md --rev 1795000000123456   # one that `kamisync log` lists
  kamisync restore --deleted                              # list what can come back";
const RESOLVE_EXAMPLES: &str = "Examples:
  kamisync resolve                                # list the conflicts
  kamisync resolve ideas/plan.md                  # show both texts, and a merge to edit
  kamisync resolve ideas/plan.md --keep file      # as it is now; or --keep copy";

#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The folder that has .kamiflow [default: this one, or the next above that is linked]
    #[arg(long, short = 'C', value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LinkArgs {
    /// The address of the server, such as `https://sync.example.com`
    pub url: String,
    /// The folder that has .kamiflow, or is to have it
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// The id of the project [default: that of .kamirc.json, or the only one of the key]
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,
    /// Begin a new project on a server that has some, with the id of --project if that is given
    #[arg(long)]
    pub new: bool,
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    /// The folder that has .kamiflow [default: this one, or the next above that is linked]
    pub folder: Option<PathBuf>,
    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
    /// Confirm the deletions that the last sync asked about
    #[arg(long)]
    pub accept_deletions: bool,
    /// Undo them: restore files that are missing here, and keep files that others deleted
    #[arg(long, conflicts_with_all = ["accept_deletions", "dry_run"])]
    pub bring_back: bool,
}

#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Folders that have .kamiflow [default: this one, or the next above that is linked]
    pub folders: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The folder that has .kamiflow [default: this one, or the next above that is linked]
    pub folder: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// The file, as a path of the disk or below .kamiflow
    pub path: PathBuf,
    /// Print the versions as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub at: FolderArgs,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The file, as a path of the disk or below .kamiflow
    pub path: PathBuf,
    /// A version that `kamisync log` lists [default: the newest]
    #[arg(long)]
    pub rev: Option<Rev>,
    #[command(flatten)]
    pub at: FolderArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The file, as a path of the disk or below .kamiflow
    #[arg(required_unless_present = "deleted")]
    pub path: Option<PathBuf>,
    /// A version that `kamisync log` lists [default: the one before the newest, or the newest of a file that is missing here]
    #[arg(long, conflicts_with = "deleted")]
    pub rev: Option<Rev>,
    /// List the deleted files
    #[arg(long, conflicts_with = "path")]
    pub deleted: bool,
    #[command(flatten)]
    pub at: FolderArgs,
}

#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The file, or its conflict copy
    pub path: Option<PathBuf>,
    /// Settle it: the text of the server, that of the copy, or the file as it is now
    #[arg(long, requires = "path", value_enum)]
    pub keep: Option<Keep>,
    /// Print the list as JSON
    #[arg(long, conflicts_with = "path")]
    pub json: bool,
    #[command(flatten)]
    pub at: FolderArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Keep {
    /// The file as it is; the copy goes.
    File,
    /// The text of the copy replaces that of the file.
    Copy,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_file_or_the_list_of_deleted_files_is_restored() {
        let parse = |arguments: &[&str]| {
            Cli::try_parse_from([&["kamisync", "restore"], arguments].concat())
        };
        assert!(parse(&[]).is_err());
        assert!(parse(&["a.md", "--deleted"]).is_err());
        assert!(parse(&["--rev", "1", "--deleted"]).is_err());
        assert!(parse(&["a.md", "--rev", "1"]).is_ok());
    }
}
