//! `kamiflow-sync key`.

use clap::{Args, Subcommand};
use kamiflow_sync_component::domain::key::Scope;

use super::installation::InstallationArgs;

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it; it is never shown again
    Add(KeyAddArgs),
    /// List the keys that are not revoked
    List(InstallationArgs),
    /// Give a key another secret and print it; the previous one works for a while
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
    /// Hours for which the previous secret works too
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
