//! Starting the server, and asking about it.

use clap::Args;

use super::installation::InstallationArgs;

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

#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The URL to ask [default: `http://127.0.0.1:3000/health`, or where `$SPIN_HTTP_LISTEN_ADDR` and `$PORT` say that the server listens]
    pub url: Option<String>,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// URL of the health check; when it is given, no answer is an error, else a warning [default: as for `healthcheck`]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Also say what each project takes, the largest first; this shows the ids of the projects
    #[arg(long)]
    pub projects: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
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
