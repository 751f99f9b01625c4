//! The real Caddy with a shipped Caddyfile, in front of one server or of two.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Host, Process, free_port, root};

/// A running Caddy, which issues its certificates itself.
pub struct Caddy {
    /// Where it listens, such as `https://localhost:40123`.
    pub url: String,
    config: PathBuf,
    settings: Vec<(&'static str, String)>,
    state: TempDir,
    _process: Process,
}

impl Caddy {
    /// Starts it for the name `localhost`. It takes a moment until it answers.
    pub fn before(host: &Host) -> Self {
        let domain = format!("localhost:{}", free_port());
        let settings = vec![
            ("DOMAIN", domain.clone()),
            ("UPSTREAM", host.address().to_owned()),
        ];
        let state = tempfile::tempdir().expect("a temporary folder");
        Self::start(root().join("deploy/Caddyfile"), settings, state, &domain)
    }

    /// Starts it with the Caddyfile for two servers, for the names `a.localhost` and `b.localhost`. The list of
    /// projects has none; [`list`](Self::list) changes it.
    pub fn before_both(one: &Host, two: &Host) -> Self {
        let port = free_port();
        let [a, b] = ["a", "b"].map(|name| format!("{name}.localhost:{port}"));
        let settings = vec![
            ("DOMAIN", a.clone()),
            ("DOMAIN_B", b),
            ("SERVER", one.address().to_owned()),
            ("SERVER_B", two.address().to_owned()),
            ("ADMIN", format!("localhost:{}", free_port())),
        ];
        let state = tempfile::tempdir().expect("a temporary folder");
        for file in ["Caddyfile", "projects"] {
            let shipped = root().join("deploy/several").join(file);
            std::fs::copy(shipped, state.path().join(file)).expect("a copy");
        }
        Self::start(state.path().join("Caddyfile"), settings, state, &a)
    }

    fn start(
        config: PathBuf,
        mut settings: Vec<(&'static str, String)>,
        state: TempDir,
        domain: &str,
    ) -> Self {
        settings.push(("HTTP_PORT", free_port().to_string()));
        let mut command = command("run", &config, &settings, state.path());
        Self {
            url: format!("https://{domain}"),
            _process: Process::start(&mut command),
            config,
            settings,
            state,
        }
    }

    /// Has the second of two servers have these projects.
    pub fn list(&self, projects: &[&str]) {
        let lines = projects
            .iter()
            .map(|project| format!("{project} {{$SERVER_B}}\n"));
        let list = self.config.with_file_name("projects");
        std::fs::write(list, lines.collect::<String>()).expect("a list");
        let mut command = command("reload", &self.config, &self.settings, self.state.path());
        let admin = self.settings.iter().find(|(name, _)| *name == "ADMIN");
        let admin = admin.map_or("", |(_, address)| address);
        let reload = command.args(["--address", admin]).status();
        assert!(reload.expect("caddy runs").success());
    }

    /// The certificate that its own are issued with.
    pub fn root(&self) -> PathBuf {
        self.state
            .path()
            .join("caddy/pki/authorities/local/root.crt")
    }
}

fn command(verb: &str, config: &Path, settings: &[(&str, String)], state: &Path) -> Command {
    let mut command = Command::new("caddy");
    command
        .args([verb, "--adapter", "caddyfile", "--config"])
        .arg(config)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .env("XDG_DATA_HOME", state)
        .env("XDG_CONFIG_HOME", state)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
