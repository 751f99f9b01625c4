//! A device: its files, what it remembers of the server, and how its kind of client syncs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Entry, digest};
use support::{Answer, Client, content, encode, sha256};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The KamiFlow client: pushes without base, sees no deletions, overwrites its files.
    Old,
    /// Pushes without base, but reads the change feed and pushes deletions.
    Mixed,
    /// Remembers the rev of every path and pushes with it as base.
    New,
}

/// What a device remembers of a path: the last version that it and the server had in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Synced {
    pub rev: i64,
    pub text: Option<String>,
}

#[derive(Debug)]
pub struct Device {
    pub name: String,
    pub kind: Kind,
    pub disk: BTreeMap<String, String>,
    pub synced: BTreeMap<String, Synced>,
    /// Where it continues: a cursor, or the `synced_at` of an old client.
    pub since: String,
    /// The rev of `since`.
    pub since_rev: i64,
    copies: usize,
}

impl Device {
    pub fn new(kind: Kind, number: usize) -> Self {
        Self {
            name: format!("{kind:?}{number}"),
            kind,
            disk: BTreeMap::new(),
            synced: BTreeMap::new(),
            since: "0".to_owned(),
            since_rev: 0,
            copies: 0,
        }
    }

    pub fn digest(&self) -> String {
        digest(self.disk.iter().map(|(path, text)| (&**path, &**text)))
    }

    fn synced_text(&self, path: &str) -> Option<&String> {
        self.synced.get(path)?.text.as_ref()
    }

    /// The entries that differ from the last common versions.
    pub fn changes(&self) -> Vec<Entry> {
        let base = |path: &str| match self.kind {
            Kind::New => Some(self.synced.get(path).map_or(0, |synced| synced.rev)),
            Kind::Old | Kind::Mixed => None,
        };
        let puts = self.disk.iter();
        let puts = puts.filter(|(path, text)| self.synced_text(path) != Some(text));
        let deletes = self.synced.iter().filter(|(path, synced)| {
            self.kind != Kind::Old && synced.text.is_some() && !self.disk.contains_key(*path)
        });
        let put = |(path, text): (&String, &String)| (path.clone(), Some(text.clone()));
        let delete = |(path, _): (&String, &Synced)| (path.clone(), None);
        puts.map(put)
            .chain(deletes.map(delete))
            .map(|(path, text)| Entry {
                base: base(&path),
                path,
                text,
            })
            .collect()
    }

    pub fn send(&self, client: &Client, project: &str, entries: &[Entry]) -> Answer {
        push(client, &self.name, project, entries)
    }

    /// Remembers an accepted push.
    pub fn pushed(&mut self, entries: &[Entry], answer: &Value) {
        for (entry, result) in entries.iter().zip(answer["results"].as_array().unwrap()) {
            let rev = result["rev"].as_i64().unwrap_or(0);
            let text = entry.text.clone();
            self.synced.insert(entry.path.clone(), Synced { rev, text });
        }
    }

    /// Forgets paths that the server does not have, and learns of deletions that it has missed; a pull
    /// brings the rest.
    pub fn refused(&mut self, answer: &Value) {
        for conflict in answer["conflicts"].as_array().unwrap() {
            let (path, current) = (conflict["path"].as_str().unwrap(), &conflict["current"]);
            if current.is_null() {
                self.synced.remove(path);
            } else if current["deleted"] == true && !self.synced.contains_key(path) {
                self.take(path, current["rev"].as_i64().unwrap(), None);
            }
        }
    }

    /// Applies a change of another device, or its own.
    pub fn take(&mut self, path: &str, rev: i64, theirs: Option<String>) {
        let mine = self.disk.get(path).cloned();
        let changed = mine.as_ref() != self.synced_text(path);
        let keeps_mine = changed && mine != theirs && self.kind == Kind::Mixed;
        if changed && mine != theirs && self.kind == Kind::New {
            self.keep_copy(mine);
        }
        if !keeps_mine {
            self.write(path, theirs.clone());
        }
        self.synced
            .insert(path.to_owned(), Synced { rev, text: theirs });
    }

    fn write(&mut self, path: &str, text: Option<String>) {
        match text {
            Some(text) => self.disk.insert(path.to_owned(), text),
            None => self.disk.remove(path),
        };
    }

    /// Keeps a text that another one would overwrite as a copy.
    fn keep_copy(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.copies += 1;
            let path = format!("copies/{}-{}", self.name, self.copies);
            self.disk.insert(path, text);
        }
    }

    /// Compares all files with the server, as after a 410 or with nothing remembered.
    pub fn compare(&mut self, client: &Client, project: &str) -> Value {
        let files: Vec<Value> = self
            .disk
            .iter()
            .map(|(path, text)| {
                let mut file = json!({ "path": path, "checksum": sha256(text.as_bytes()) });
                if let Some(synced) = self.synced.get(path) {
                    file["base"] = json!(synced.rev);
                }
                file
            })
            .collect();
        let path = format!("/v1/projects/{project}/diff");
        client.post(&path, &json!({ "files": files })).good()
    }

    /// Does what a diff says.
    pub fn follow(&mut self, client: &Client, project: &str, diff: &Value) {
        let list = |name: &str| diff[name].as_array().unwrap().clone();
        let path = |entry: &Value| entry["path"].as_str().unwrap().to_owned();
        let before = std::mem::take(&mut self.synced);
        for entry in list("upload") {
            // No common version any more: the next push uploads it.
            if let Some(Synced { rev, .. }) = before.get(&path(&entry)) {
                let (rev, text) = (*rev, None);
                self.synced.insert(path(&entry), Synced { rev, text });
            }
        }
        for entry in list("conflict") {
            let mine = self.disk.remove(&path(&entry));
            self.keep_copy(mine);
            if entry["current"]["deleted"] == true {
                let rev = entry["current"]["rev"].as_i64().unwrap();
                self.synced.insert(path(&entry), Synced { rev, text: None });
            }
        }
        for entry in list("delete_local") {
            let rev = entry["rev"].as_i64().unwrap();
            self.disk.remove(&path(&entry));
            self.synced.insert(path(&entry), Synced { rev, text: None });
        }
        let manifest = client.get(&format!("/v1/projects/{project}/manifest?limit=10000"));
        let uploads: Vec<String> = list("upload").iter().map(path).collect();
        for entry in manifest.good()["files"].as_array().unwrap() {
            let (path, rev) = (path(entry), entry["rev"].as_i64().unwrap());
            if uploads.contains(&path) {
                continue;
            }
            let mine = self.disk.get(&path).map(|text| sha256(text.as_bytes()));
            if mine.as_deref() != entry["checksum"].as_str() {
                let address = format!(
                    "/v1/projects/{project}/files/{}",
                    encode(&path).replace("%2F", "/")
                );
                let bytes = client.get(&format!("{address}?rev={rev}")).bytes;
                self.write(&path, Some(String::from_utf8(bytes).unwrap()));
            }
            let text = self.disk.get(&path).cloned();
            self.synced.insert(path, Synced { rev, text });
        }
        self.since = diff["cursor"].as_str().unwrap().to_owned();
    }
}

/// Pushes as a device of this name.
pub fn push(client: &Client, device: &str, project: &str, entries: &[Entry]) -> Answer {
    let mut files = Vec::new();
    let mut deletions = Vec::new();
    for entry in entries {
        match (&entry.text, entry.base) {
            (Some(text), base) => {
                let mut file = support::file(&entry.path, text.as_bytes());
                if let Some(base) = base {
                    file["base"] = json!(base);
                }
                files.push(file);
            }
            (None, Some(base)) => deletions.push(json!({ "path": entry.path, "base": base })),
            (None, None) => deletions.push(json!(entry.path)),
        }
    }
    let body = json!({ "files": files, "deletions": deletions }).to_string();
    let path = format!("/v1/projects/{project}/sync");
    client.send("POST", &path, &[("x-device", device)], body.as_bytes())
}

/// The text of a file in a page.
pub fn text(file: &Value) -> String {
    String::from_utf8(content(file)).unwrap()
}
