//! The real Caddy with the shipped Caddyfile, in front of a server.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Host, Process, free_port, root};

/// A running Caddy for the name `localhost`, for which it issues the certificate itself.
pub struct Caddy {
    /// Where it listens, such as `https://localhost:40123`.
    pub url: String,
    state: TempDir,
    _process: Process,
}

impl Caddy {
    /// Starts it. It takes a moment until it answers.
    pub fn before(host: &Host) -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        let domain = format!("localhost:{}", free_port());
        let mut command = Command::new("caddy");
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(root().join("deploy/Caddyfile"))
            .env("DOMAIN", &domain)
            .env("UPSTREAM", host.address())
            .env("HTTP_PORT", free_port().to_string())
            .env("XDG_DATA_HOME", state.path())
            .env("XDG_CONFIG_HOME", state.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            _process: Process::start(&mut command),
            state,
            url: format!("https://{domain}"),
        }
    }

    /// The certificate that its own is issued with.
    pub fn root(&self) -> PathBuf {
        self.state
            .path()
            .join("caddy/pki/authorities/local/root.crt")
    }
}
