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
}

/// Flags of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The manifest, or the folder it is in [default: spin.toml here, else beside the program]
    #[arg(short, long, value_name = "SPIN_TOML")]
    pub from: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:3000, or $PORT]
    #[arg(long, value_name = "ADDR:PORT", env = "SPIN_HTTP_LISTEN_ADDR")]
    pub listen: Option<String>,
    /// Where the data lives [default: runtime-config.toml beside the manifest]
    #[arg(long, value_name = "FILE", env = "RUNTIME_CONFIG_FILE")]
    pub runtime_config_file: Option<PathBuf>,
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
