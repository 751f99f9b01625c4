//! A device: a folder of its own, and the way to the server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kamisync::absence::Answer;
use kamisync::config::Folder;
use kamisync::error::SyncError;
use kamisync::remote::Remote;
use kamisync::report::{Report, Silent};
use kamisync::round::{Options, Session, preview};
use kamisync::transport::{Address, Project, Server};
use support::{Host, KEY};
use tempfile::TempDir;

/// The project of all devices.
pub const PROJECT: &str = "p";

/// A device.
pub struct Device {
    root: TempDir,
    name: String,
    project: Project,
}

impl Device {
    /// A device with an empty folder.
    pub fn new(host: &Host, name: &str) -> Self {
        Self::with_key(host, name, KEY)
    }

    /// A device with a key of its own.
    pub fn with_key(host: &Host, name: &str, key: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(".kamiflow/ideas")).unwrap();
        let device = Self {
            root,
            name: name.to_owned(),
            project: project(host, name, key),
        };
        device.settings(r#"{"sync": {"projectId": "p"}}"#);
        device
    }

    /// Goes on with another server on the same data.
    pub fn move_to(&mut self, host: &Host) {
        self.project = project(host, &self.name, KEY);
    }

    /// Writes `.kamirc.json`.
    pub fn settings(&self, text: &str) {
        fs::write(self.root.path().join(".kamirc.json"), text).unwrap();
    }

    /// The folder that has `.kamirc.json`.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where a path is.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.path().join(".kamiflow").join(path)
    }

    /// A person saves a file.
    pub fn write(&self, path: &str, text: &str) {
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// A person deletes a file.
    pub fn delete(&self, path: &str) {
        fs::remove_file(self.place(path)).unwrap();
    }

    /// A person renames a file.
    pub fn rename(&self, from: &str, to: &str) {
        let to = self.place(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.place(from), to).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.place(path)).ok()
    }

    /// All files of the categories.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for category in ["archive", "ideas", "tasks"] {
            collect(&self.place(category), category, &mut files);
        }
        files
    }

    /// The texts in the trash.
    pub fn trash(&self) -> Vec<String> {
        let mut files = BTreeMap::new();
        collect(&self.place(".sync/trash"), "", &mut files);
        files.into_values().collect()
    }

    /// A round that succeeds.
    pub fn sync(&self) -> Report {
        self.try_sync(&self.project, false).unwrap()
    }

    /// A round in which deletions are meant.
    pub fn sync_deletions(&self) -> Report {
        self.try_sync(&self.project, true).unwrap()
    }

    /// A round that brings back what is gone.
    pub fn bring_back(&self) -> Report {
        self.try_answer(&self.project, Answer::BringBack).unwrap()
    }

    /// A round that fails.
    pub fn fail(&self) -> SyncError {
        self.try_sync(&self.project, false).unwrap_err()
    }

    /// A round over another way to the server.
    pub fn try_sync(
        &self,
        remote: &dyn Remote,
        accept_deletions: bool,
    ) -> Result<Report, SyncError> {
        let answer = if accept_deletions {
            Answer::Delete
        } else {
            Answer::None
        };
        self.try_answer(remote, answer)
    }

    /// The same, with what a person has said about files that are gone.
    pub fn try_answer(&self, remote: &dyn Remote, answer: Answer) -> Result<Report, SyncError> {
        let mut session = Session::open(self.folder())?;
        let options = Options {
            device: &self.name,
            answer,
            progress: &Silent,
        };
        session.sync(remote, &options)
    }

    /// What a round would do.
    pub fn preview(&self) -> Report {
        preview(&self.folder(), &self.project, &self.name).unwrap()
    }

    /// The folder with its settings.
    pub fn folder(&self) -> Folder {
        Folder::open(self.root.path()).unwrap()
    }

    /// The way to the server.
    pub fn remote(&self) -> &Project {
        &self.project
    }

    /// Does something, and forgets what was remembered meanwhile, as a program that is killed before it
    /// could write it.
    pub fn forgetting<T>(&self, act: impl FnOnce() -> T) -> T {
        let database = self.folder().database();
        let before = fs::read(&database).unwrap();
        let done = act();
        fs::write(database, before).unwrap();
        done
    }
}

fn project(host: &Host, name: &str, key: &str) -> Project {
    let address = Address::parse(&host.url).unwrap();
    let server = Server::new(address, key, name).unwrap();
    Project::new(server, PROJECT, "notes")
}

fn collect(folder: &Path, path: &str, files: &mut BTreeMap<String, String>) {
    for entry in folder.read_dir().into_iter().flatten() {
        let entry = entry.unwrap();
        let path = format!("{path}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &path, files)
        } else {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            files.insert(path, text);
        }
    }
}

/// Syncs devices until nothing is left to do, and requires that all have the same files.
pub fn settle(devices: &[&Device]) -> BTreeMap<String, String> {
    for _ in 0..2 {
        for device in devices {
            device.sync();
        }
    }
    for device in devices {
        let report = device.sync();
        assert!(report.is_in_step(), "{report:?}");
        assert!(device.preview().is_in_step());
        assert_eq!(device.files(), devices[0].files());
    }
    devices[0].files()
}
