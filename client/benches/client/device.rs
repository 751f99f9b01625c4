//! A device: a linked folder, and the program in it.

use std::fs;
use std::process::{Command, Stdio};

use support::{KEY, Process};
use tempfile::TempDir;

const TEXT: &str = "## Review of the sync plan\n\nThe release needs a design note for the retry queue; \
                    the budget of the worker is in the report.\n\n";

/// A device.
pub struct Device {
    root: TempDir,
    name: &'static str,
}

impl Device {
    /// A folder that is linked with a project.
    pub fn new(name: &'static str, url: &str, project: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let device = Self { root, name };
        device.run(&["link", url, "--project", project, "--new"]);
        device
    }

    /// Writes so many files of this size.
    pub fn fill(&self, files: usize, size: usize) {
        for number in 0..files {
            let mut text = format!("# {} {number}\n\n", self.root.path().display());
            while text.len() < size {
                text += TEXT;
            }
            self.write(
                &format!("ideas/{}/{number}.md", number % 100),
                &text.as_bytes()[..size],
            );
        }
    }

    /// Saves a file.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let place = self.root.path().join(".kamiflow").join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        fs::write(place, bytes).expect("a file");
    }

    /// The bytes of a file, if there is one.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.root.path().join(".kamiflow").join(path)).ok()
    }

    /// The files of `ideas`.
    pub fn count(&self) -> usize {
        let folders = fs::read_dir(self.root.path().join(".kamiflow/ideas"));
        let folders = folders.into_iter().flatten().flatten();
        folders
            .map(|folder| fs::read_dir(folder.path()).map_or(0, Iterator::count))
            .sum()
    }

    /// One round.
    pub fn sync(&self) {
        self.run(&["sync"]);
    }

    /// Watches, until the result is dropped.
    pub fn watch(&self) -> Process {
        Process::start(&mut self.command(&["watch"]))
    }

    fn run(&self, arguments: &[&str]) {
        let status = self.command(arguments).status().expect("kamisync runs");
        assert!(status.success(), "kamisync {arguments:?}: {status}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kamisync"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env("KAMISYNC_KEY", KEY)
            .env("KAMISYNC_DEVICE", self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

/// MB of memory that a process has now, and had at its peak.
pub fn memory_mb(pid: u32) -> [f64; 2] {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    ["VmRSS:", "VmHWM:"].map(|name| {
        let size = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        kilobytes.expect("a size") / 1024.0
    })
}
