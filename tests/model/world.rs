//! The devices of one project, and what they do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::device::{Device, Kind};
use crate::matches;
use crate::model::{Entry, Model};
use support::{Client, encode, sha256};

pub const DEVICES: [Kind; 5] = [Kind::New, Kind::New, Kind::New, Kind::Mixed, Kind::Old];
pub const PATHS: [&str; 4] = ["a.md", "b.md", "folder/c.md", "ghi chú/đ.md"];

#[derive(Debug, Clone)]
pub enum Action {
    Edit(usize),
    Remove(usize),
    /// With `lost`, the request arrives and the answer does not.
    Push {
        lost: bool,
    },
    /// Pulls at most this many pages.
    Pull {
        limit: usize,
        pages: usize,
        lost: bool,
    },
    /// Restores the version of a path before the last `back` ones.
    Restore {
        path: usize,
        back: usize,
    },
    /// Restores the project to the time before the last `back` changes.
    RestoreMoment {
        back: usize,
        dry: bool,
    },
    /// Purges the version of a path before the last `back` ones, or all of them.
    Purge {
        path: usize,
        back: Option<usize>,
    },
    /// Loses what it remembers, but not its files.
    Forget,
    Status,
    DeleteProject,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub device: usize,
    pub action: Action,
}

pub struct World {
    client: Client,
    project: String,
    devices: Vec<Device>,
    model: Model,
    texts: usize,
}

impl World {
    pub fn new(client: Client, project: String) -> Self {
        let devices = (0..).zip(DEVICES);
        Self {
            client,
            project: encode(&project),
            devices: devices
                .map(|(number, kind)| Device::new(kind, number))
                .collect(),
            model: Model::default(),
            texts: 0,
        }
    }

    pub fn take(&mut self, step: &Step) {
        let at = step.device;
        match step.action {
            Action::Edit(path) => {
                self.texts += 1;
                let text = format!("text {}", self.texts);
                self.devices[at].disk.insert(PATHS[path].to_owned(), text);
            }
            Action::Remove(path) => _ = self.devices[at].disk.remove(PATHS[path]),
            Action::Push { lost } => self.push(at, lost),
            Action::Pull { limit, pages, lost } => match self.devices[at].kind {
                Kind::Old => self.pull_files(at, limit, pages, lost),
                Kind::Mixed | Kind::New => self.pull_changes(at, limit, pages, lost),
            },
            Action::Restore { path, back } => self.restore(PATHS[path], back),
            Action::RestoreMoment { back, dry } => self.restore_moment(back, dry),
            Action::Purge { path, back } => self.purge(PATHS[path], back),
            Action::Forget => self.forget(at),
            Action::Status => self.check_status(),
            Action::DeleteProject => self.delete_project(),
        }
    }

    fn push(&mut self, at: usize, lost: bool) {
        let device = &mut self.devices[at];
        let entries = device.changes();
        let answer = device.send(&self.client, &self.project, &entries);
        self.model.push(&device.name, &entries, &answer);
        match answer.status {
            _ if lost => {}
            200 => device.pushed(&entries, &answer.json),
            _ => device.refused(&answer.json),
        }
        self.check_status();
    }

    fn pull_files(&mut self, at: usize, limit: usize, pages: usize, lost: bool) {
        for _ in 0..pages {
            let device = &mut self.devices[at];
            let query = format!("since={}&limit={limit}", device.since);
            let page = self.client.pull(&self.project, &query);
            assert!(
                matches::files(&self.model, device.since_rev, limit, &page),
                "{page} in {:?}",
                self.model
            );
            if lost {
                continue;
            }
            for file in page["files"].as_array().unwrap() {
                let path = file["path"].as_str().unwrap();
                let version = self.model.newest(path).unwrap();
                device.take(path, version.rev, version.text.clone());
                device.since = file["synced_at"].to_string();
                device.since_rev = version.rev;
            }
        }
    }

    fn pull_changes(&mut self, at: usize, limit: usize, pages: usize, lost: bool) {
        for _ in 0..pages {
            let device = &mut self.devices[at];
            let query = format!("changes?content=1&since={}&limit={limit}", device.since);
            let answer = self.client.ask(&self.project, &query);
            if answer.status == 410 {
                // Only deleting the project invalidates a cursor.
                let head = self.model.head();
                assert!(
                    head == 0
                        || self
                            .model
                            .versions
                            .values()
                            .flatten()
                            .all(|version| version.rev > device.since_rev)
                );
                return self.resync(at);
            }
            let page = answer.good();
            assert!(
                matches::changes(&self.model, device.since_rev, limit, &page),
                "{page} in {:?}",
                self.model
            );
            if lost {
                continue;
            }
            for change in page["changes"].as_array().unwrap() {
                let path = change["path"].as_str().unwrap();
                let version = self.model.newest(path).unwrap();
                device.take(path, version.rev, version.text.clone());
                device.since_rev = version.rev;
            }
            device.since = page["cursor"].as_str().unwrap().to_owned();
        }
    }

    fn resync(&mut self, at: usize) {
        let device = &mut self.devices[at];
        if device.kind == Kind::Mixed {
            device.synced.clear();
            device.since = "0".to_owned();
            device.since_rev = 0;
            return;
        }
        let diff = device.compare(&self.client, &self.project);
        for (path, text) in &device.disk {
            let base = device.synced.get(path).map(|synced| synced.rev);
            let expected = self.model.compare(path, text, base);
            for list in ["upload", "download", "delete_local", "conflict"] {
                let listed = diff[list]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|entry| entry["path"] == **path);
                assert_eq!(listed, list == expected, "{path} is for {expected}: {diff}");
            }
        }
        assert_eq!(diff["digest"], *self.model.digest());
        device.follow(&self.client, &self.project, &diff);
        device.since_rev = self.model.head();
    }

    fn forget(&mut self, at: usize) {
        self.devices[at].synced.clear();
        match self.devices[at].kind {
            Kind::New => self.resync(at),
            Kind::Old | Kind::Mixed => {
                self.devices[at].since = "0".to_owned();
                self.devices[at].since_rev = 0;
            }
        }
    }

    fn restore(&mut self, path: &str, back: usize) {
        let versions = self.model.versions.get(path).into_iter().flatten();
        let Some(version) = versions.rev().nth(back).cloned() else {
            return;
        };
        let body = serde_json::json!({ "path": path, "rev": version.rev });
        let entry = Entry {
            path: path.to_owned(),
            text: version.text,
            base: None,
        };
        let answer = self.post("restore", &body);
        assert_eq!(answer["results"][0]["from_rev"], version.rev);
        self.model.accept(RESTORER, &[entry], &answer["results"]);
        self.check_status();
    }

    fn restore_moment(&mut self, back: usize, dry: bool) {
        let mut revs: Vec<i64> = self
            .model
            .versions
            .values()
            .flatten()
            .map(|version| version.rev)
            .collect();
        revs.sort_unstable();
        let Some(rev) = revs.len().checked_sub(back + 1).map(|at| revs[at]) else {
            return;
        };
        let body = serde_json::json!({ "at": rev as f64 / 1000.0, "dry_run": dry });
        let answer = self.post("restore", &body);
        // The server may choose the order of the results.
        let mut entries = self.model.at(rev);
        let purged = answer["purged"].as_array().unwrap().iter();
        let purged: BTreeSet<_> = purged.map(|path| path.as_str().unwrap()).collect();
        assert_eq!(purged, self.model.purged_at(rev), "{answer}");
        let results = answer["results"].as_array().unwrap();
        entries.sort_by_key(|entry| {
            results
                .iter()
                .position(|result| result["path"] == *entry.path)
        });
        if dry {
            assert_eq!(results.len(), entries.len(), "{answer}");
            for (entry, result) in entries.iter().zip(results) {
                assert_eq!(result["status"], self.model.status(entry), "{result}");
            }
        } else {
            self.model.accept(RESTORER, &entries, &answer["results"])
        }
        self.check_status();
    }

    fn purge(&mut self, path: &str, back: Option<usize>) {
        let mut versions = self.model.versions.get(path).into_iter().flatten().rev();
        let Some(version) = versions.nth(back.unwrap_or(0)) else {
            return;
        };
        let rev = back.map(|_| version.rev);
        let answer = self.post("purge", &serde_json::json!({ "path": path, "rev": rev }));
        let removed = self
            .model
            .purge(path, rev, RESTORER, matches::cursor(&answer));
        assert_eq!(answer["purged"], removed, "{answer} in {:?}", self.model);
        assert_eq!(answer["erased"], true);
        self.check_status();
    }

    fn delete_project(&mut self) {
        let answer = self
            .client
            .delete(&format!("/v1/projects/{}", self.project));
        assert_eq!(answer.good()["deleted"], self.model.live().len());
        self.model.versions.clear();
        self.model.purged.clear();
        self.check_status();
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        let path = format!("/v1/projects/{}/{what}", self.project);
        let headers = [("x-device", RESTORER)];
        self.client
            .send("POST", &path, &headers, body.to_string().as_bytes())
            .good()
    }

    fn check_status(&self) {
        let status = self.client.status(&self.project);
        assert!(
            matches::status(&self.model, &status),
            "{status} in {:?}",
            self.model
        );
    }

    /// Lets every device push and pull until nothing changes.
    pub fn settle(&mut self) {
        for _ in 0..10 {
            let before = self.model.last_rev;
            for at in 0..self.devices.len() {
                let pull = Action::Pull {
                    limit: 100,
                    pages: 2,
                    lost: false,
                };
                self.take(&Step {
                    device: at,
                    action: pull,
                });
                self.push(at, false);
                // The feed does not show that the project was created again; the digest does.
                let device = &self.devices[at];
                let differs = device.changes().is_empty() && device.digest() != self.model.digest();
                if differs && device.kind != Kind::Old {
                    self.forget(at);
                }
            }
            let settled = |device: &Device| {
                device.kind == Kind::Old || device.digest() == self.model.digest()
            };
            if self.model.last_rev == before && self.devices.iter().all(settled) {
                return self.check_old_devices();
            }
        }
        panic!(
            "the devices do not settle: {:?} {:?}",
            self.devices, self.model
        );
    }

    /// An old client sees everything except deletions.
    fn check_old_devices(&self) {
        for device in self
            .devices
            .iter()
            .filter(|device| device.kind == Kind::Old)
        {
            for (path, text) in &device.disk {
                assert!(
                    self.model.text(path).is_none_or(|current| current == text),
                    "{path}"
                );
            }
        }
    }

    /// Every acknowledged version is in the history and can be read, and no device that reads
    /// deletions has stored deleted content again.
    pub fn check_history(&self) {
        for (path, versions) in &self.model.versions {
            let listed: Vec<Value> = self
                .client
                .history(&self.project, path)
                .into_iter()
                .map(|version| {
                    assert_eq!(version["available"] == true, version["op"] == "put");
                    let fields = ["rev", "op", "checksum", "device"]
                        .map(|name| (name.to_owned(), version[name].clone()));
                    Value::Object(fields.into_iter().collect())
                })
                .collect();
            assert_eq!(listed, self.model.history(path));
            for (at, version) in versions.iter().enumerate() {
                let Some(text) = &version.text else { continue };
                let address = format!(
                    "files/{}?rev={}",
                    encode(path).replace("%2F", "/"),
                    version.rev
                );
                assert_eq!(
                    self.client.ask(&self.project, &address).bytes,
                    text.as_bytes()
                );
                let deletion = versions[..at]
                    .iter()
                    .rposition(|earlier| earlier.text.is_none());
                let was_deleted = versions[..deletion.unwrap_or(0)]
                    .iter()
                    .any(|earlier| earlier.text.as_ref() == Some(text));
                let may_bring_back = !version.device.starts_with("New");
                assert!(
                    !was_deleted || may_bring_back,
                    "{} brought {path} back: {versions:?}",
                    version.device
                );
            }
            assert!(versions.is_sorted_by(|left, right| left.rev < right.rev));
        }
        let manifest = self.client.ask(&self.project, "manifest").good();
        for file in manifest["files"].as_array().unwrap() {
            let text = self.model.text(file["path"].as_str().unwrap()).unwrap();
            assert_eq!(file["checksum"], sha256(text.as_bytes()));
        }
    }
}

const RESTORER: &str = "restorer";
