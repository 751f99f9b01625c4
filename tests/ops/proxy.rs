//! The shipped Caddyfile and the nginx of the documentation: the real proxies in front of the server.
//!
//! Skipped where they are not installed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use support::{
    Caddy, Client, Host, KEY, Process, argument, file, finished, free_port, is_installed,
};

/// Caddy, once it answers.
fn caddy(host: &Host) -> Caddy {
    answering(Caddy::before(host))
}

pub fn answering(caddy: Caddy) -> Caddy {
    let began = Instant::now();
    while curl(&caddy, "127.0.0.1", "/health", &[]).0 != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "caddy does not answer"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    caddy
}

/// Status and body of a request from this local address.
pub fn curl(caddy: &Caddy, from: &str, path: &str, arguments: &[&str]) -> (u16, String) {
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
    .arg(caddy.root())
    .args(arguments)
    .arg(format!("{}{path}", caddy.url));
    let out = finished(curl.output().expect("curl runs")).out;
    let (body, status) = out.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

#[test]
fn a_push_through_caddy_with_https_comes_back_whole() {
    if !is_installed("caddy") {
        return;
    }
    let host = Host::start();
    let caddy = caddy(&host);
    // More than a TLS record (16 KiB) and than the buffer of many proxies (1 MiB).
    let content = "ghi chú ".repeat(300_000);
    let body = serde_json::json!({ "files": [file("a.md", content.as_bytes())] }).to_string();
    let push = host.database().with_file_name("push.json");
    std::fs::write(&push, body).unwrap();
    let key = format!("authorization: Bearer {KEY}");
    let data = format!("@{}", push.display());
    let (status, answer) = curl(
        &caddy,
        "127.0.0.1",
        "/v1/projects/p/sync",
        &["-H", &key, "--data-binary", &data],
    );
    assert_eq!(status, 200, "{answer}");
    let (status, page) = curl(
        &caddy,
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
    let caddy = caddy(&host);
    let guess = |from: &str, claim: &str| {
        let claim = format!("x-forwarded-for: {claim}");
        let wrong = [
            "-H",
            "authorization: Bearer wrong-wrong-wrong-wrong",
            "-H",
            &claim,
        ];
        curl(&caddy, from, "/v1/projects/p/status", &wrong).0
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

/// nginx with the `server` of the documentation, but for HTTPS.
struct Nginx {
    _process: Process,
    url: String,
    _folder: TempDir,
}

impl Nginx {
    /// `None` where nginx is not installed.
    fn before(host: &Host) -> Option<Self> {
        Self::start(host.address(), "", "access_log off;")
    }

    /// With the logs of the page, in this folder.
    fn logging(upstream: &str, logs: &Path) -> Option<Self> {
        let logs = documented(1).replace("/var/log/nginx", argument(logs));
        let (format, logs) = logs.split_once('\n').unwrap();
        Self::start(upstream, format, logs)
    }

    /// With these lines above `server`, and in it.
    fn start(upstream: &str, above: &str, inside: &str) -> Option<Self> {
        if !is_installed("nginx") {
            return None;
        }
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let here = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};"))
            .concat();
        let server = documented(0)
            .replace(
                "listen 443 ssl;",
                &format!("listen 127.0.0.1:{port};\n{inside}"),
            )
            .replace("127.0.0.1:3000", upstream);
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log /dev/null; events {{}}
             http {{ {above} {temporary}\n{server}\n}}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(file);
        let nginx = Self {
            _process: Process::start(nginx.stderr(Stdio::null())),
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "no nginx");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(nginx)
    }
}

#[test]
fn the_logs_of_nginx_have_no_names_of_files_while_the_server_is_away() {
    let logs = tempfile::tempdir().unwrap();
    // Nothing listens there.
    let Some(nginx) = Nginx::logging("127.0.0.1:9", logs.path()) else {
        return;
    };
    for path in ["files/ideas/private.md", "history?path=ideas/private.md"] {
        let url = format!("{}/v1/projects/p/{path}", nginx.url);
        let mut curl = Command::new("curl");
        let curl = curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &url]);
        assert_eq!(finished(curl.output().unwrap()).good(), "502");
    }
    let read = |log: &str| std::fs::read_to_string(logs.path().join(log)).unwrap();
    assert_eq!(read("sync.log").matches(" 502 ").count(), 2);
    assert!(!format!("{}{}", read("sync.log"), read("sync-error.log")).contains("private"));
}

/// A block for nginx on the page about proxies, without its certificates.
fn documented(block: usize) -> String {
    let page = support::root().join("docs/self-hosting/proxies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = page.split("```nginx\n").nth(1 + block).unwrap();
    let block = block.split("```").next().unwrap();
    let lines = block
        .lines()
        .filter(|line| !line.contains("ssl_certificate"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// `curl -N` on the stream of all projects.
struct Stream {
    _curl: Process,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Stream {
    fn open(url: &str, arguments: &[&str]) -> Self {
        let mut curl = Command::new("curl");
        curl.args(["-sN", "--ipv4", "--compressed", "-H"]);
        curl.arg(format!("authorization: Bearer {KEY}"))
            .args(arguments);
        curl.arg(format!("{url}/v1/events")).stdout(Stdio::piped());
        let mut curl = Process::start(&mut curl);
        let lines = BufReader::new(curl.stdout.take().unwrap()).lines();
        let mut stream = Self { _curl: curl, lines };
        assert!(stream.next().starts_with("retry: "));
        stream
    }

    fn next(&mut self) -> String {
        self.lines.next().expect("the stream goes on").unwrap()
    }

    /// The next line that begins so.
    fn find(&mut self, begin: &str) {
        while !self.next().starts_with(begin) {}
    }
}

/// Pushes, and waits for the event.
fn push_and_hear(client: &Client, stream: &mut Stream, text: &str) {
    let began = Instant::now();
    client.push_files("p", &[(text, text)]).good();
    stream.find("event: change");
    stream.find("data: ");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

/// A stream whose device pushes files with this name.
fn stays_open(host: &Host, name: &str, mut stream: Stream, seconds: u64) {
    let (client, began) = (host.client(), Instant::now());
    push_and_hear(&client, &mut stream, &format!("{name} begin"));
    while began.elapsed() < Duration::from_secs(seconds) {
        stream.find(":");
    }
    push_and_hear(&client, &mut stream, &format!("{name} end"));
}

/// Both proxies, for this many seconds.
fn events_go_through(seconds: u64) {
    let host = Host::start();
    let nginx = Nginx::before(&host);
    let caddy = is_installed("caddy").then(|| caddy(&host));
    std::thread::scope(|scope| {
        if let Some(nginx) = &nginx {
            let stream = Stream::open(&nginx.url, &[]);
            scope.spawn(|| stays_open(&host, "nginx", stream, seconds));
        }
        if let Some(caddy) = &caddy {
            let root = caddy.root();
            let trust = ["--cacert", root.to_str().unwrap()];
            let stream = Stream::open(&caddy.url, &trust);
            scope.spawn(|| stays_open(&host, "caddy", stream, seconds));
        }
    });
}

#[test]
fn events_go_through_caddy_and_nginx_at_once() {
    events_go_through(0);
}

#[ignore = "takes four minutes"]
#[test]
fn a_stream_of_minutes_and_a_wait_of_one_are_not_cut_by_caddy_or_nginx() {
    let host = Host::start();
    let nginx = Nginx::before(&host);
    let caddy = is_installed("caddy").then(|| caddy(&host));
    let wait = |url: &str, arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--ipv4", "-w", "%{http_code}", "-H"]);
        curl.arg(format!("authorization: Bearer {KEY}"))
            .args(arguments);
        curl.arg(format!("{url}/v1/projects/none/changes?wait=60"));
        let out = finished(curl.output().unwrap()).out;
        assert!(out.ends_with("200"), "{out}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| events_go_through(230));
        if let Some(nginx) = &nginx {
            scope.spawn(|| wait(&nginx.url, &[]));
        }
        if let Some(caddy) = &caddy {
            let root = caddy.root();
            scope.spawn(move || wait(&caddy.url, &["--cacert", root.to_str().unwrap()]));
        }
    });
}
