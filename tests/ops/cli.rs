//! The KamiFlow CLI itself, with a key of its own: whatever its clock says and however its pulls end, it
//! misses nothing and keeps the edits that it has not pushed.
//!
//! Skipped unless `KAMIFLOW_CLI` names its package with its dependencies, as CONTRIBUTING.md says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use support::{Client, Host, fake_clock, file, is_installed};

const PROJECT: &str = "notes";

/// What happens to the last page of the next pull.
enum Fault {
    /// It ends in the middle.
    Cut,
    /// This is done before the client gets it.
    Before(Box<dyn FnOnce() + Send>),
}

type NextFault = Arc<Mutex<Option<Fault>>>;

/// A way to the server that breaks when it is told to.
struct Line {
    url: String,
    fault: NextFault,
}

impl Line {
    fn to(host: &Host) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (server, fault) = (host.address().to_owned(), NextFault::default());
        let shared = fault.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (server, fault) = (server.clone(), shared.clone());
                thread::spawn(move || carry(client.unwrap(), &server, &fault));
            }
        });
        Self { url, fault }
    }
}

/// Carries requests and answers until one side closes.
fn carry(client: TcpStream, server: &str, fault: &NextFault) {
    let mut client = BufReader::new(client);
    let mut server = BufReader::new(TcpStream::connect(server).unwrap());
    while let Some(request) = message(&mut client) {
        server.get_mut().write_all(&request).unwrap();
        let Some(mut answer) = message(&mut server) else {
            return;
        };
        let is_last_page = has(&answer, b"\"hasMore\":false");
        let fault = fault.lock().unwrap().take_if(|_| is_last_page);
        let is_cut = matches!(fault, Some(Fault::Cut));
        match fault {
            Some(Fault::Cut) => answer.truncate(answer.len() / 2),
            Some(Fault::Before(event)) => event(),
            None => {}
        }
        if client.get_mut().write_all(&answer).is_err() || is_cut {
            return;
        }
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A request or an answer: head and body.
fn message(from: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
    }
    let mut body = vec![0; length(&bytes)];
    from.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(bytes)
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().unwrap())
}

/// A workspace with the CLI.
struct Device {
    folder: TempDir,
    line: Line,
    cli: PathBuf,
    key: String,
    clock: &'static str,
}

impl Device {
    /// `None` where something is missing.
    fn new(host: &Host, clock: &'static str) -> Option<Self> {
        let Some(cli) = std::env::var_os("KAMIFLOW_CLI").map(PathBuf::from) else {
            eprintln!("skipped: KAMIFLOW_CLI does not name the CLI");
            return None;
        };
        fake_clock(clock).filter(|_| is_installed("node"))?;
        let folder = tempfile::tempdir().unwrap();
        let line = Line::to(host);
        let config = json!({ "sync": {
            "enabled": true, "backend": line.url, "projectId": PROJECT, "mode": "manual",
        }});
        std::fs::write(folder.path().join(".kamirc.json"), config.to_string()).unwrap();
        Some(Self {
            folder,
            line,
            cli: cli.join("bin/kami.js"),
            key: key(host)["key"].as_str().unwrap().to_owned(),
            clock,
        })
    }

    /// Runs `kami sync-db`, which may fail.
    fn run(&self, command: &str) {
        let output = Command::new("node")
            .arg(&self.cli)
            .args(["sync-db", command])
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("KAMIFLOW_SYNC_API_KEY", &self.key)
            .envs(fake_clock(self.clock).unwrap())
            .output();
        let output = output.unwrap();
        println!("{command}: {}", String::from_utf8_lossy(&output.stdout));
    }

    /// Whether each of these files has this text.
    fn has(&self, paths: &[String], text: &str) -> bool {
        let mut paths = paths.iter();
        paths.all(|path| self.read(path).as_deref() == Some(text))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(".kamiflow").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path(path)).ok()
    }
}

fn key(host: &Host) -> Value {
    let key = json!({ "name": "device", "scope": "write" });
    host.client().post("/v1/keys", &key).json
}

/// Another device, which does not use the CLI.
struct Other(Client);

impl Other {
    fn push(&self, paths: &[String], text: &str) {
        let files: Vec<_> = paths
            .iter()
            .map(|path| file(path, text.as_bytes()))
            .collect();
        self.0.push(PROJECT, &json!({ "files": files })).good();
    }

    fn has(&self, path: &str, text: &str) {
        let page = self.0.pull_since(PROJECT, &json!(0), 1000);
        let files = json!(page);
        let found = files.as_array().unwrap().iter();
        let content = found
            .filter(|file| file["path"] == path)
            .map(support::content)
            .next();
        assert_eq!(content.as_deref(), Some(text.as_bytes()), "{path}");
    }
}

/// Names of files: more than two pages.
fn many(name: &str) -> Vec<String> {
    (0..250)
        .map(|number| format!("archive/{name}/{number:03}.md"))
        .collect()
}

fn one(path: &str) -> [String; 1] {
    [path.to_owned()]
}

/// A push just before the last page arrives, which the clock that the CLI stores does not cover.
fn pull_with_a_push_at_its_end(device: &Device, other: &Arc<Other>, name: &str) {
    other.push(&many(name), "first");
    let (late, paths) = (other.clone(), one(&format!("ideas/{name} late.md")));
    let last = paths.clone();
    let push = Fault::Before(Box::new(move || late.push(&last, "late")));
    *device.line.fault.lock().unwrap() = Some(push);
    device.run("pull");
    assert!(device.has(&many(name), "first") && !device.has(&paths, "late"));
    device.run("pull");
    assert!(device.has(&paths, "late"));
}

/// A pull that breaks on its last page, and a push before the next.
fn pull_that_breaks(device: &Device, other: &Other, name: &str) {
    other.push(&many(name), "first");
    *device.line.fault.lock().unwrap() = Some(Fault::Cut);
    device.run("pull");
    assert!(!device.has(&many(name), "first"));
    let then = one(&format!("tasks/{name} then.md"));
    other.push(&then, "then");
    device.run("pull");
    assert!(device.has(&many(name), "first") && device.has(&then, "then"));
}

/// A device whose clock is off by the first of these, and by the second from some time on.
fn misses_nothing(before: &'static str, after: &'static str) {
    let host = Host::start();
    let Some(mut device) = Device::new(&host, before) else {
        return;
    };
    let other = host.with_key(key(&host)["key"].as_str());
    let other = Arc::new(Other(other));
    other.push(&one("ideas/theirs.md"), "1");
    device.run("pull");
    device.write("ideas/own.md", "1");
    device.run("push");
    device.write("ideas/own.md", "2");
    device.write("ideas/theirs.md", "edited");
    pull_with_a_push_at_its_end(&device, &other, "a");
    pull_that_breaks(&device, &other, "b");
    for (path, text) in [("ideas/own.md", "2"), ("ideas/theirs.md", "edited")] {
        assert!(device.has(&one(path), text), "{path}");
        device.run("push");
        other.has(path, text);
    }
    device.clock = after;
    pull_with_a_push_at_its_end(&device, &other, "c");
    pull_that_breaks(&device, &other, "d");
}

#[test]
fn with_a_right_clock_the_cli_misses_nothing_and_keeps_its_edits() {
    misses_nothing("+0", "+0");
}

#[test]
fn with_a_clock_that_is_ahead_the_cli_misses_nothing_and_keeps_its_edits() {
    misses_nothing("+10m", "+10m");
}

#[test]
fn with_a_clock_that_is_behind_the_cli_misses_nothing_and_keeps_its_edits() {
    misses_nothing("-10m", "-10m");
}

#[test]
fn with_a_clock_that_is_set_ahead_or_back_the_cli_misses_nothing() {
    misses_nothing("-10m", "+10m");
    misses_nothing("+10m", "-10m");
}
