//! A device with a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Finished, Host, KEY, finished};
use tempfile::TempDir;

/// A folder, and a name in the history.
pub struct Device {
    root: TempDir,
    name: &'static str,
}

impl Device {
    /// A folder that is not linked yet.
    pub fn new(name: &'static str) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".kamiflow")).unwrap();
        Self { root, name }
    }

    /// A folder that is linked with the project `p`.
    pub fn linked(name: &'static str, host: &Host) -> Self {
        let device = Self::new(name);
        device.run(&["link", &host.url, "--project", "p"]).good();
        device
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A command in the folder, which has the right key in its environment when it links.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kamisync"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.root())
            .env("KAMISYNC_DEVICE", self.name)
            .stdin(Stdio::null());
        if arguments.first() == Some(&"link") {
            command.env("KAMISYNC_KEY", KEY);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finished(self.command(arguments).output().expect("it runs"))
    }

    /// Where a file of `.kamiflow` is.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root().join(".kamiflow").join(path)
    }

    /// Saves a file.
    pub fn write(&self, path: &str, text: &str) {
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// The text of a file, if there is one.
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.place(path)).ok()
    }
}

/// Waits until something is true.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
