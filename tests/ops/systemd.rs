//! What systemd is told by a server that it starts, and the units that it reads.
//!
//! Its side of the protocol is a datagram socket, which a test can have.

use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use support::{Process, finished, is_installed, root, server, terminate};

/// Within this time the server must show that it is alive.
const WATCHDOG: Duration = Duration::from_millis(1500);

struct Systemd {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Systemd {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        let timeout = Some(Duration::from_secs(20));
        socket.set_read_timeout(timeout).unwrap();
        Self { folder, socket }
    }

    /// Starts a server without a key in its settings, as a service with a watchdog.
    fn start_server(&self) -> Process {
        let mut server = server(self.folder.path(), &[("API_KEY", "")]);
        server
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        Process::start(&mut server)
    }

    fn next(&self) -> String {
        let mut message = [0; 1024];
        let length = self.socket.recv(&mut message).expect("a message");
        str::from_utf8(&message[..length]).unwrap().to_owned()
    }

    /// Whether nothing is said for longer than the watchdog waits.
    fn is_told_nothing(&self) -> bool {
        // What was said before.
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv(&mut [0; 1024]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
        std::thread::sleep(2 * WATCHDOG);
        self.socket.set_nonblocking(true).unwrap();
        let silent = self.socket.recv(&mut [0; 1024]).is_err();
        self.socket.set_nonblocking(false).unwrap();
        silent
    }
}

#[test]
fn systemd_is_told_when_the_server_is_ready_alive_and_stopping() {
    let systemd = Systemd::new();
    let mut server = systemd.start_server();
    let ready = systemd.next();
    let key = systemd.folder.path().join("api-key");
    assert!(key.is_file(), "the key exists when the server is ready");
    let lines: Vec<&str> = ready.lines().collect();
    let [said, status] = lines[..] else {
        panic!("{ready}")
    };
    assert_eq!(said, "READY=1");
    let address = status.strip_prefix("STATUS=Serving http://").expect(status);
    TcpStream::connect(address).expect("it listens when it is ready");
    for _ in 0..3 {
        assert_eq!(systemd.next().trim(), "WATCHDOG=1");
    }
    terminate(server.id());
    let mut last = systemd.next();
    while last.trim() == "WATCHDOG=1" {
        last = systemd.next();
    }
    assert_eq!(last.trim(), "STOPPING=1");
    assert!(server.wait().unwrap().success());
}

/// Sets how many files a process may have open.
fn limit_open_files(process: &Process, limit: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args([&format!("--pid={}", process.id()), limit]);
    finished(prlimit.output().expect("prlimit runs")).good();
}

#[test]
fn a_server_that_runs_but_does_not_answer_is_not_called_alive() {
    if !is_installed("prlimit") {
        return;
    }
    let systemd = Systemd::new();
    let server = systemd.start_server();
    assert!(systemd.next().starts_with("READY=1"));
    assert_eq!(systemd.next().trim(), "WATCHDOG=1");
    // No connection can be made any more.
    limit_open_files(&server, "--nofile=4:");
    std::thread::sleep(WATCHDOG / 3);
    assert!(systemd.is_told_nothing());
    limit_open_files(&server, "--nofile=256:");
    assert_eq!(systemd.next().trim(), "WATCHDOG=1");
}

#[test]
fn systemd_understands_every_line_of_the_units() {
    if !is_installed("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for unit in [
        "kamiflow-sync.service",
        "kamiflow-sync-backup.service",
        "kamiflow-sync-backup.timer",
    ] {
        let text = std::fs::read_to_string(root().join("deploy/systemd").join(unit)).unwrap();
        // It also looks whether the program is there.
        let text = text.replace("/opt/kamiflow-sync/kamiflow-sync", "/bin/true");
        std::fs::write(folder.path().join(unit), text).unwrap();
        verify.arg(unit);
    }
    let verified = finished(verify.current_dir(&folder).output().unwrap());
    assert_eq!(verified.err, "", "{verified:?}");
    verified.good();
}

/// The value of a line of the unit of the server.
fn in_unit(name: &str) -> String {
    let unit = root().join("deploy/systemd/kamiflow-sync.service");
    let text = std::fs::read_to_string(unit).unwrap();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(&format!("{name}=")));
    value.expect(name).to_owned()
}

#[test]
fn the_unit_waits_for_the_server_and_tries_again_what_can_get_better() {
    assert_eq!(in_unit("Type"), "notify");
    assert_eq!(in_unit("WatchdogSec"), "2min");
    assert_eq!(in_unit("Restart"), "on-failure");
    let folder = tempfile::tempdir().unwrap();
    let bad = server(folder.path(), &[("PORT", "http")]).output().unwrap();
    let code = finished(bad).code.unwrap().to_string();
    assert_eq!(in_unit("RestartPreventExitStatus"), code);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let taken = server(folder.path(), &[("PORT", &port)]).output().unwrap();
    assert_ne!(
        in_unit("RestartPreventExitStatus"),
        finished(taken).code.unwrap().to_string()
    );
}
