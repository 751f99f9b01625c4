//! A refusal reaches a client that is still sending its body: directly, and through proxies.
//!
//! A client or proxy that is not installed is skipped with a message.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use support::{Host, KEY, Process, finished, free_port, is_installed};

const BODY: usize = 8 << 20;
const TRIES: usize = 20;

/// A way to be refused before the body has been read.
struct Refusal {
    status: &'static str,
    key: &'static str,
    code: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

const REFUSALS: [Refusal; 4] = [
    Refusal {
        status: "401",
        key: "",
        code: "unauthenticated",
        settings: &[],
    },
    Refusal {
        status: "403",
        key: "a wrong key",
        code: "forbidden",
        settings: &[],
    },
    Refusal {
        status: "413",
        key: KEY,
        code: "body_too_large",
        settings: &[("MAX_BODY_SIZE", "1000000")],
    },
    Refusal {
        status: "429",
        key: KEY,
        code: "rate_limited",
        settings: &[("RATE_LIMIT_MAX_REQUESTS", "1")],
    },
];

impl Refusal {
    fn host(&self) -> Host {
        let host = Host::with(self.settings);
        host.client().get("/v1/projects");
        host
    }

    /// A line of the head without its end; empty for no key.
    fn authorization(&self) -> String {
        match self.key {
            "" => String::new(),
            key => format!("authorization: Bearer {key}"),
        }
    }

    fn check(&self, answer: &str, by: &str) {
        let (status, code) = (self.status, self.code);
        assert!(
            answer.contains(status) && answer.contains(&format!("\"code\":\"{code}\"")),
            "{by}, {status}: {answer}"
        );
    }
}

/// Sends everything before it reads.
fn write_all_then_read(host: &Host, refusal: &Refusal, chunked: bool) -> String {
    let framing = if chunked {
        "transfer-encoding: chunked".to_owned()
    } else {
        format!("content-length: {BODY}")
    };
    let mut head = format!("POST /v1/projects/p/sync HTTP/1.1\r\nhost: x\r\n{framing}\r\n");
    if !refusal.key.is_empty() {
        head += &format!("{}\r\n", refusal.authorization());
    }
    let mut socket = host.socket();
    socket.write_all((head + "\r\n").as_bytes()).unwrap();
    let part = vec![b' '; 1 << 16];
    for _ in 0..BODY / part.len() {
        if chunked {
            socket.write_all(b"10000\r\n").unwrap();
        }
        socket.write_all(&part).unwrap();
        if chunked {
            socket.write_all(b"\r\n").unwrap();
        }
    }
    if chunked {
        socket.write_all(b"0\r\n\r\n").unwrap();
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_client_that_sends_everything_before_it_reads_gets_the_refusal() {
    for refusal in &REFUSALS {
        let host = refusal.host();
        for number in 0..TRIES {
            let answer = write_all_then_read(&host, refusal, number % 2 == 0);
            refusal.check(&answer, "a raw socket");
        }
    }
}

#[test]
fn a_head_that_is_too_large_is_answered_although_more_follows() {
    let host = Host::start();
    for _ in 0..TRIES {
        let mut socket = host.socket();
        let head = format!("GET /health HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(BODY));
        socket.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}

fn curl(url: &str, refusal: &Refusal, body: &Path, framing: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--http1.1"])
        .args(["--write-out", "\n%{http_code}", "-H", framing])
        // Without it curl waits for the server before it sends.
        .args(["-H", "expect:", "-H", &refusal.authorization()])
        .arg("--data-binary")
        .arg(format!("@{}", body.display()))
        .arg(format!("{url}/v1/projects/p/sync"));
    let finished = finished(curl.output().expect("curl runs"));
    format!("{}{}", finished.out, finished.err)
}

/// Each refusal, half of the tries with a length and half in chunks.
fn try_with_curl(by: &str, in_front: impl Fn(&Host) -> Option<Proxy>) {
    if !is_installed("curl") {
        return;
    }
    for refusal in &REFUSALS {
        let host = refusal.host();
        let proxy = in_front(&host);
        let url = proxy.as_ref().map_or(&*host.url, |proxy| &proxy.url);
        let body = host.database().with_file_name("body");
        std::fs::write(&body, vec![b' '; BODY]).unwrap();
        for number in 0..TRIES {
            let chunked = "transfer-encoding: chunked";
            let framing = if number % 2 == 0 { chunked } else { "x: y" };
            refusal.check(&curl(url, refusal, &body, framing), by);
        }
    }
}

#[test]
fn curl_gets_the_refusal() {
    try_with_curl("curl", |_| None);
}

/// Sends the body in parts and fails on the first error, as the CLI does.
const NODE: &str = r#"
const http = require('http');
const [url, authorization, size, tries] = process.argv.slice(1);
const attempt = chunked => new Promise((resolve, reject) => {
  const headers = authorization ? { authorization } : {};
  if (!chunked) headers['content-length'] = size;
  const request = http.request(url, { method: 'POST', headers }, response => {
    let text = '';
    response.on('data', part => text += part);
    response.on('end', () => resolve(response.statusCode + ' ' + text));
    response.on('error', reject);
  });
  request.on('error', reject);
  const part = Buffer.alloc(1 << 16, ' ');
  for (let sent = 0; sent < size; sent += part.length) request.write(part);
  request.end();
});
(async () => {
  for (let number = 0; number < tries; number++) {
    console.log((await attempt(number % 2 == 0).catch(error => 'failed: ' + error)).trim());
  }
})();
"#;

#[test]
fn node_gets_the_refusal() {
    if !is_installed("node") {
        return;
    }
    for refusal in &REFUSALS {
        let host = refusal.host();
        let url = format!("{}/v1/projects/p/sync", host.url);
        let authorization = refusal.authorization().replace("authorization: ", "");
        let mut node = Command::new("node");
        node.args(["-e", NODE, &url, &authorization]);
        node.args([BODY.to_string(), TRIES.to_string()]);
        let out = finished(node.output().unwrap()).out;
        assert_eq!(out.lines().count(), TRIES, "{out}");
        for line in out.lines() {
            refusal.check(line, "node");
        }
    }
}

/// A proxy in front of the server, ended with the test.
struct Proxy {
    _process: Process,
    url: String,
    _folder: TempDir,
}

impl Proxy {
    /// Starts `command` with a file of this `config`, and waits until it listens on `port`.
    fn start(mut command: Command, config: &str, port: u16, folder: TempDir) -> Self {
        std::fs::write(folder.path().join("config"), config).unwrap();
        command.current_dir(&folder).env("HOME", folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let proxy = Self {
            _process: Process::start(&mut command),
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "no proxy");
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    fn nginx(host: &Host, buffering: &str) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let here = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log /dev/null; events {{}}
             http {{ access_log off; client_max_body_size 0; {temporary}
             server {{ listen 127.0.0.1:{port}; location / {{
             proxy_pass http://{}; proxy_http_version 1.1;
             proxy_request_buffering {buffering}; }} }} }}",
            host.address()
        );
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c");
        nginx.arg(folder.path().join("config"));
        Self::start(nginx, &config, port, folder)
    }

    fn caddy(host: &Host) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let address = host.address();
        let config = format!("{{\nadmin off\n}}\nhttp://:{port} {{\nreverse_proxy {address}\n}}\n");
        let mut caddy = Command::new("caddy");
        caddy.args(["run", "--adapter", "caddyfile", "--config", "config"]);
        Self::start(caddy, &config, port, folder)
    }

    fn haproxy(host: &Host) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let config = format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n
             frontend front\n bind 127.0.0.1:{port}\n default_backend sync\n
             backend sync\n server sync {}\n",
            host.address()
        );
        let mut haproxy = Command::new("haproxy");
        // In the foreground, in one process.
        haproxy.args(["-db", "-f", "config"]);
        Self::start(haproxy, &config, port, folder)
    }
}

#[test]
fn the_refusal_goes_through_nginx() {
    if is_installed("nginx") {
        for buffering in ["on", "off"] {
            let by = format!("nginx, proxy_request_buffering {buffering}");
            try_with_curl(&by, |host| Some(Proxy::nginx(host, buffering)));
        }
    }
}

#[test]
fn the_refusal_goes_through_haproxy() {
    if is_installed("haproxy") {
        try_with_curl("HAProxy", |host| Some(Proxy::haproxy(host)));
    }
}

#[test]
fn the_refusal_goes_through_caddy() {
    if is_installed("caddy") {
        try_with_curl("Caddy", |host| Some(Proxy::caddy(host)));
    }
}
