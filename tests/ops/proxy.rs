//! The shipped Caddyfile: the real Caddy with its own certificates in front of the server.
//!
//! Skipped where Caddy is not installed; where `REQUIRE_CADDY` is set, as
//! in `.ci/run`, that is a failure.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use support::{Host, KEY, Process, file, finished, free_port, is_installed};

struct Caddy {
    _process: Process,
    state: TempDir,
    url: String,
}

impl Caddy {
    /// The shipped file with the name `localhost`, for which Caddy issues the certificate itself.
    fn before(host: &Host) -> Self {
        let state = tempfile::tempdir().unwrap();
        let domain = format!("localhost:{}", free_port());
        let mut command = Command::new("caddy");
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(support::root().join("deploy/Caddyfile"))
            .env("DOMAIN", &domain)
            .env("UPSTREAM", host.address())
            .env("HTTP_PORT", free_port().to_string())
            .env("XDG_DATA_HOME", state.path())
            .env("XDG_CONFIG_HOME", state.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let caddy = Self {
            _process: Process::start(&mut command),
            state,
            url: format!("https://{domain}"),
        };
        let began = Instant::now();
        while caddy.curl("127.0.0.1", "/health", &[]).0 != 200 {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "caddy does not answer"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        caddy
    }

    fn root(&self) -> PathBuf {
        self.state
            .path()
            .join("caddy/pki/authorities/local/root.crt")
    }

    /// Status and body of a request from this local address.
    fn curl(&self, from: &str, path: &str, arguments: &[&str]) -> (u16, String) {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--ipv4",
            "--write-out",
            "\n%{http_code}",
            "--interface",
            from,
        ])
        .arg("--cacert")
        .arg(self.root())
        .args(arguments)
        .arg(format!("{}{path}", self.url));
        let out = finished(curl.output().expect("curl runs")).out;
        let (body, status) = out.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }
}

#[test]
fn a_push_through_caddy_with_https_comes_back_whole() {
    if !is_installed("caddy") {
        return;
    }
    let host = Host::start();
    let caddy = Caddy::before(&host);
    // More than a TLS record (16 KiB) and than the buffer of many proxies (1 MiB).
    let content = "ghi chú ".repeat(300_000);
    let body = serde_json::json!({ "files": [file("a.md", content.as_bytes())] }).to_string();
    let push = host.database().with_file_name("push.json");
    std::fs::write(&push, body).unwrap();
    let key = format!("authorization: Bearer {KEY}");
    let data = format!("@{}", push.display());
    let (status, answer) = caddy.curl(
        "127.0.0.1",
        "/v1/projects/p/sync",
        &["-H", &key, "--data-binary", &data],
    );
    assert_eq!(status, 200, "{answer}");
    let (status, page) = caddy.curl(
        "127.0.0.1",
        "/v1/projects/p/files",
        &["-H", &key, "--compressed"],
    );
    assert_eq!(status, 200);
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["files"][0]["size"], content.len());
}

#[test]
fn behind_caddy_each_address_has_its_own_rate_limit() {
    if !is_installed("caddy") {
        return;
    }
    let host = Host::with(&[
        ("RATE_LIMIT_MAX_REQUESTS", "3"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let caddy = Caddy::before(&host);
    let guess = |from: &str, claim: &str| {
        let claim = format!("x-forwarded-for: {claim}");
        let wrong = [
            "-H",
            "authorization: Bearer wrong-wrong-wrong-wrong",
            "-H",
            &claim,
        ];
        caddy.curl(from, "/v1/projects/p/status", &wrong).0
    };
    let used_up: Vec<u16> = (0..4)
        .map(|number| guess("127.0.0.2", &format!("9.9.9.{number}")))
        .collect();
    assert_eq!(
        used_up,
        [403, 403, 403, 429],
        "and what a client claims counts for nothing"
    );
    assert_eq!(guess("127.0.0.3", "127.0.0.2"), 403);
}
