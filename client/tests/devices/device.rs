//! A device: a folder, and rounds that are real processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::KEY;
use tempfile::TempDir;

use crate::server::PROJECT;

/// A device.
pub struct Device {
    root: TempDir,
    /// Its name.
    pub name: String,
    /// What sets its clock wrong.
    clock: Vec<(&'static str, &'static str)>,
}

/// How a round ended.
#[derive(Debug)]
pub enum Ended {
    /// With this report.
    Done(Value),
    /// It wants to know whether deletions were meant.
    Asked,
    /// The way to the server failed, or another round was running.
    Failed,
}

impl Device {
    /// A device that finds the server here. Its clock is off by `offset`, such as `-1h`, where that can be.
    pub fn new(name: &str, offset: Option<&'static str>, url: &str) -> Self {
        let clock = offset.and_then(support::fake_clock);
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join(".kamiflow/ideas")).expect("a folder");
        let settings = format!(r#"{{"sync": {{"backend": "{url}", "projectId": "{PROJECT}"}}}}"#);
        fs::write(root.path().join(".kamirc.json"), settings).expect("it is written");
        Self {
            root,
            name: name.to_owned(),
            clock: clock.into_iter().flatten().collect(),
        }
    }

    /// Starts a round.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let arguments = [&["sync", "--json"], arguments].concat();
        let mut round = self.command(&arguments);
        round.stdout(Stdio::piped()).stderr(Stdio::piped());
        round.spawn().expect("kamisync starts")
    }

    /// Starts a watch.
    pub fn watch(&self) -> Child {
        let mut watch = self.command(&["watch"]);
        watch.stdout(Stdio::null()).stderr(Stdio::null());
        watch.spawn().expect("kamisync starts")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kamisync"));
        command
            .args(arguments)
            .arg(self.root.path())
            .env("KAMISYNC_KEY", KEY)
            .env("KAMISYNC_DEVICE", &self.name)
            .env("HOME", self.root.path())
            .envs(self.clock.iter().copied())
            .stdin(Stdio::null());
        command
    }

    /// Where a path is.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.path().join(".kamiflow").join(path)
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.place(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// All files of the categories.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for category in ["archive", "ideas", "tasks"] {
            collect(&self.place(category), category, &mut files);
        }
        files
    }

    /// The texts that were taken away here, and that a killed round has left beside their files.
    pub fn kept(&self) -> BTreeSet<String> {
        let mut files = BTreeMap::new();
        for folder in ["trash", "replaced"] {
            collect(&self.place(".sync").join(folder), folder, &mut files);
        }
        files.into_values().collect()
    }

    /// Its clock is off by this now.
    pub fn set_clock(&mut self, offset: &'static str) {
        let clock = support::fake_clock(offset);
        self.clock = clock.into_iter().flatten().collect();
    }

    /// Forgets everything that was synced.
    pub fn lose_state(&self) {
        for name in ["kamisync.db", "kamisync.db-journal"] {
            _ = fs::remove_file(self.place(".sync").join(name));
        }
    }
}

/// Waits for a round to end.
pub fn finish(child: Child) -> Ended {
    let output = child.wait_with_output().expect("it ends");
    match output.status.code() {
        Some(0) => {
            let report = serde_json::from_slice(&output.stdout);
            Ended::Done(report.expect("a report"))
        }
        Some(5) => Ended::Asked,
        Some(4 | 6) | None => Ended::Failed,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn collect(folder: &Path, path: &str, files: &mut BTreeMap<String, String>) {
    for entry in folder.read_dir().into_iter().flatten() {
        let entry = entry.expect("an entry");
        let path = format!("{path}/{}", entry.file_name().to_str().expect("text"));
        if entry.file_type().expect("a type").is_dir() {
            collect(&entry.path(), &path, files)
        } else {
            let bytes = fs::read(entry.path()).expect("it is read");
            files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}
