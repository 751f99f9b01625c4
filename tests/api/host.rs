//! Starts the real server in a folder of its own, asks it, and ends it with the test.

#![allow(dead_code, reason = "every suite uses its part")]

#[path = "documented.rs"]
pub mod documented;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The key of every test server.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A server that takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What the servers serve: `spin.toml`, or the manifest of this project that `KAMIFLOW_MANIFEST` names.
/// Built once, as a user's first start would.
static MANIFEST: LazyLock<String> = LazyLock::new(|| {
    let named = std::env::var("KAMIFLOW_MANIFEST");
    build(named.as_deref().unwrap_or("spin.toml"))
});

/// Builds the component of a manifest of this project, and answers where the manifest is.
pub fn build(manifest: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = root.join(manifest).to_str().expect("UTF-8").to_owned();
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let command = table["component"]["kamiflow-sync"]["build"]["command"].as_str();
    let built = Command::new("sh")
        .args(["-c", command.expect("how to build")])
        .current_dir(root)
        // The manifest says where the component then is.
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(
        built.expect("a shell").success(),
        "the component does not build"
    );
    manifest
}

/// A running server.
pub struct Host {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub url: String,
    folder: TempDir,
    documented: bool,
    log: Option<JoinHandle<String>>,
}

impl Host {
    /// A server with default settings, but for a rate limit that no test reaches.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with these environment variables besides.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::resume(tempfile::tempdir().expect("a temporary folder"), settings)
    }

    /// A server on the data that an earlier one left.
    pub fn resume(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let command = command(folder.path(), settings);
        Self::spawn(command, folder)
    }

    /// A server for another component, which it builds by itself and whose answers nobody documents.
    pub fn serving(manifest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut host = Self::spawn(command_for(manifest, folder.path()), folder);
        host.documented = false;
        host
    }

    /// A server that this command, such as `["nice", "-n", "5"]`, starts.
    pub fn start_in(wrapper: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = command(folder.path(), &[]);
        let mut wrapped = Command::new(wrapper[0]);
        wrapped
            .args(&wrapper[1..])
            .arg(server.get_program())
            .args(server.get_args())
            .envs(
                server
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::spawn(wrapped, folder)
    }

    fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.spawn().expect("the server starts");
        let log = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut log = String::new();
                stderr
                    .read_to_string(&mut log)
                    .map_or_else(|error| error.to_string(), |_| log)
            })
        });
        let url = child.stdout.take().and_then(read_url);
        let mut host = Self {
            child,
            url: String::new(),
            folder,
            documented: true,
            log,
        };
        match url {
            Some(url) => host.url = url,
            None => panic!("the server did not start: {}", host.end()),
        }
        host
    }

    /// Asks with the right key.
    pub fn client(&self) -> Client {
        self.with_key(Some(KEY))
    }

    /// Asks without a key.
    pub fn anonymous(&self) -> Client {
        self.with_key(None)
    }

    /// Asks with this key.
    pub fn with_key(&self, key: Option<&str>) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        Client {
            agent: config.into(),
            url: self.url.clone(),
            key: key.map(str::to_owned),
            documented: self.documented,
        }
    }

    /// Address and port, for raw sockets.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an http address")
    }

    /// A connection on which nothing waits for ever.
    pub fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address()).expect("the server listens");
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&socket, Some(PATIENCE)).expect("a timeout");
        }
        socket
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("sync.db")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop, as a service manager does, and answers its exit code, its log and
    /// its data.
    pub fn stop(self) -> (Option<i32>, String, TempDir) {
        terminate(self.pid());
        self.stop_waiting()
    }

    /// Waits for a server that was already asked to stop.
    pub fn stop_waiting(mut self) -> (Option<i32>, String, TempDir) {
        let status = self.child.wait().expect("the server ends");
        let log = self.end();
        (
            status.code(),
            log,
            std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder")),
        )
    }

    /// SIGKILL, at once; answers the data as it is then.
    pub fn kill(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    fn end(&mut self) -> String {
        _ = self.child.kill();
        _ = self.child.wait();
        self.log
            .take()
            .map_or_else(String::new, |log| log.join().unwrap_or_default())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let log = self.end();
        if std::thread::panicking() {
            eprintln!("log of the server:\n{log}");
        }
    }
}

/// The command that starts a server whose data is in this folder.
pub fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = command_for(&MANIFEST, folder);
    command.envs(settings.iter().copied());
    command
}

fn command_for(manifest: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kamiflow-sync"));
    command
        .args(["up", "--from", manifest])
        .env("PORT", "0")
        .env("DB_PATH", folder.join("sync.db"))
        .env("API_KEY", KEY)
        .env("RATE_LIMIT_MAX_REQUESTS", "1000000")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// SIGTERM, by the system's own command: the standard library has only SIGKILL.
pub fn terminate(pid: u32) {
    let sent = Command::new("kill").arg(pid.to_string()).status();
    assert!(sent.expect("kill runs").success());
}

fn read_url(stdout: impl Read) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    let line = lines.find_map(|line| Some(line.ok()?.strip_prefix("Serving ")?.to_owned()));
    line.map(|line| line.trim_end().to_owned())
}

/// Somebody who asks.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
    documented: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: ureq::http::HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Requires a 200 and answers the JSON.
    pub fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.json);
        self.json
    }

    /// Requires this failure in the envelope that every failure has, and answers the JSON.
    pub fn failed(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.json
        );
        assert_eq!(self.header("content-type"), "application/json");
        assert!(
            self.json["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty())
        );
        assert!(self.json["retryable"].is_boolean());
        self.json
    }
}

impl Client {
    /// Sends a request with these headers besides the key's.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body)
            .expect("the server answers")
    }

    /// Sends a request to a server that may break off. Whatever it answers must be documented.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a sound request");
        let mut response = self.agent.run(request)?;
        let bytes = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()?;
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes,
            json,
        };
        if self.documented {
            documented::check(method, path, &answer);
        }
        Ok(answer)
    }

    /// GET
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// DELETE
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    /// POST of JSON
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// Pushes a body to a project.
    pub fn push(&self, project: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/projects/{project}/sync"), body)
    }

    /// Pushes files, each a path and its text.
    pub fn push_files(&self, project: &str, files: &[(&str, &str)]) -> Answer {
        let files: Vec<Value> = files
            .iter()
            .map(|(path, text)| file(path, text.as_bytes()))
            .collect();
        self.push(project, &json!({ "files": files }))
    }

    /// Pulls one page.
    pub fn pull(&self, project: &str, query: &str) -> Value {
        self.get(&format!("/v1/projects/{project}/files?{query}"))
            .good()
    }

    /// Asks for something of a project.
    pub fn ask(&self, project: &str, what: &str) -> Answer {
        self.get(&format!("/v1/projects/{project}/{what}"))
    }

    /// The change feed of a project, page by page from a cursor, and the cursor at its end.
    pub fn changes(&self, project: &str, since: &str, limit: usize) -> (Vec<Value>, String) {
        let (mut all, mut since) = (Vec::new(), since.to_owned());
        loop {
            let query = format!("changes?since={since}&limit={limit}");
            let page = self.ask(project, &query).good();
            all.extend_from_slice(page["changes"].as_array().expect("changes"));
            since = page["cursor"].as_str().expect("a cursor").to_owned();
            if page["hasMore"] != true {
                return (all, since);
            }
        }
    }

    /// The versions of a path, newest first.
    pub fn history(&self, project: &str, path: &str) -> Vec<Value> {
        let query = format!("history?limit=1000&path={}", encode(path));
        let answer = self.ask(project, &query).good();
        assert_eq!(answer["hasMore"], false);
        answer["versions"].as_array().expect("versions").clone()
    }

    /// The status of a project.
    pub fn status(&self, project: &str) -> Value {
        self.get(&format!("/v1/projects/{project}/status")).good()
    }

    /// Pulls everything, page by page, as the KamiFlow client does.
    pub fn pull_all(&self, project: &str, limit: usize) -> Vec<Value> {
        self.pull_since(project, &json!(0), limit)
    }

    /// Pulls what is newer than `since`, page by page.
    pub fn pull_since(&self, project: &str, since: &Value, limit: usize) -> Vec<Value> {
        let (mut all, mut since) = (Vec::new(), since.clone());
        loop {
            let page = self.pull(project, &format!("since={since}&limit={limit}"));
            let files = page["files"].as_array().expect("files").clone();
            since = files.last().map_or(since, |last| last["synced_at"].clone());
            all.extend(files);
            if page["hasMore"] != true {
                return all;
            }
        }
    }
}

/// The head of a push with a body of this many bytes, for raw sockets.
pub fn push_head(project: &str, length: usize) -> String {
    format!(
        "POST /v1/projects/{project}/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// A file as it stands in a push.
pub fn file(path: &str, content: &[u8]) -> Value {
    json!({
        "path": path,
        "content": BASE64_STANDARD.encode(content),
        "checksum": sha256(content),
        "modified": 1_760_000_000_000_i64,
        "size": content.len(),
    })
}

/// Percent-encodes everything but letters and digits.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The rev that the first entry of a push has got.
pub fn first_rev(answer: Answer) -> i64 {
    answer.good()["results"][0]["rev"].as_i64().expect("a rev")
}

/// What a pulled file holds.
pub fn content(file: &Value) -> Vec<u8> {
    let content = file["content"].as_str().expect("content");
    BASE64_STANDARD.decode(content).expect("base64")
}

/// Hex.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The paths of pulled files, in order.
pub fn paths(files: &Value) -> Vec<&str> {
    files
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect()
}
