//! One project.

use std::path::PathBuf;

use clap::Args;

use super::installation::{InstallationArgs, TargetArgs};

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
    #[command(flatten)]
    pub what: RenumberWhat,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RenumberWhat {
    /// The id of the project
    pub project: Option<String>,
    /// Renumber every project that has changes from the future
    #[arg(long)]
    pub all: bool,
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
