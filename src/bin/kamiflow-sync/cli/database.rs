//! The database as a whole.

use std::path::PathBuf;

use clap::Args;

use super::installation::{InstallationArgs, TargetArgs};

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Keep only the newest N backups; FILE must be a folder; each backup is named after its time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup to restore
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
