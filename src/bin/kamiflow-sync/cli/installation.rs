//! Flags of several commands.

use std::path::PathBuf;

use clap::Args;

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
pub struct TargetArgs {
    /// The file to write
    pub file: PathBuf,
    /// Replace FILE if it exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}
