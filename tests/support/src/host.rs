//! A real server with a data folder of its own, stopped when the test ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread::JoinHandle;

use tempfile::TempDir;

use crate::browser::Browser;
use crate::client::Client;
use crate::command::{Build, server, terminate, wrapped};
use crate::{KEY, TIMEOUT, spin};

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
    /// A server with default settings, except for a rate limit that no test reaches, and for files
    /// that may lie anywhere.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with additional environment variables.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::resume(tempfile::tempdir().expect("a temporary folder"), settings)
    }

    /// A server on the data that an earlier one left.
    pub fn resume(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        Self::spawn(server(folder.path(), settings), folder)
    }

    /// A server of another build, whose answers the `OpenAPI` document need not describe.
    pub fn of(build: &Build, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = build.server(folder.path());
        command.envs(settings.iter().copied());
        let command = spin::instead_of(command, folder.path());
        let mut host = Self::spawn(command, folder);
        host.documented = false;
        host
    }

    /// A server started by a wrapper such as `["nice", "-n", "5"]`.
    pub fn start_in(wrapper: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = server(folder.path(), &[]);
        Self::spawn(wrapped(wrapper, &server), folder)
    }

    fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.spawn().expect("the server starts");
        let log = child.stderr.take().map(read_to_end);
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

    /// A client with the right key.
    pub fn client(&self) -> Client {
        self.with_key(Some(KEY))
    }

    /// A client without a key.
    pub fn anonymous(&self) -> Client {
        self.with_key(None)
    }

    /// A client with this key.
    pub fn with_key(&self, key: Option<&str>) -> Client {
        Client::new(&self.url, key, self.documented)
    }

    /// A browser that has not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser that has signed in with this key.
    pub fn signed_in(&self, key: &str) -> Browser {
        let browser = self.browser();
        assert_eq!(browser.sign_in(key).leads_to(), "/dashboard");
        browser
    }

    /// Address and port, for raw sockets.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an http address")
    }

    /// A connection with timeouts.
    pub fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address()).expect("the server listens");
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&socket, Some(TIMEOUT)).expect("a timeout");
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

    /// A line of `/proc/PID/status` in bytes, such as `VmRSS`, or `VmHWM` for the peak.
    pub fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the server runs");
        let line = status.lines().find(|line| line.starts_with(what));
        let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        number
            .map(|kilobytes: u64| kilobytes << 10)
            .expect("a size")
    }

    /// Stops the server as a service manager does. Returns its exit code, log and data folder.
    pub fn stop(self) -> (Option<i32>, String, TempDir) {
        terminate(self.pid());
        self.stop_waiting()
    }

    /// Waits for a server that was already told to stop.
    pub fn stop_waiting(mut self) -> (Option<i32>, String, TempDir) {
        let status = self.child.wait().expect("the server ends");
        let log = self.end();
        (
            status.code(),
            log,
            std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder")),
        )
    }

    /// Kills the server with SIGKILL and returns its data folder.
    pub fn kill(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    fn end(&mut self) -> String {
        // `spin up` has a child of its own, which would outlive it.
        if spin::is_used() && matches!(self.child.try_wait(), Ok(None)) {
            terminate(self.pid());
            _ = self.child.wait();
        }
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

/// Reads in a thread of its own, so that a full pipe never stops the server.
fn read_to_end(mut stderr: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut log = String::new();
        stderr
            .read_to_string(&mut log)
            .map_or_else(|error| error.to_string(), |_| log)
    })
}

fn read_url(stdout: impl Read + Send + 'static) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    let line = lines.find_map(|line| Some(line.ok()?.strip_prefix("Serving ")?.to_owned()));
    // Spin ends when it cannot print the rest.
    std::thread::spawn(move || lines.for_each(drop));
    line.map(|line| line.trim_end().to_owned())
}
