//! A device: its disk, what it remembers, and how its kind of client deals with both.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::promise::{Entry, digest};
use support::{Answer, Client, content, encode, sha256};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The KamiFlow client: pushes without base, learns of no deletion, writes over what it has.
    Old,
    /// Pushes without base, but reads the change feed and pushes deletions.
    Mixed,
    /// Keeps the rev of everything it knows and pushes with it.
    New,
}

/// What a device remembers of a path: the version it had last in common with the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub rev: i64,
    pub text: Option<String>,
}

#[derive(Debug)]
pub struct Device {
    pub name: String,
    pub kind: Kind,
    pub disk: BTreeMap<String, String>,
    pub known: BTreeMap<String, Known>,
    /// Where it goes on: a cursor, or `synced_at` of an old client.
    pub since: String,
    /// The rev of that place.
    pub since_rev: i64,
    copies: usize,
}

impl Device {
    pub fn new(kind: Kind, number: usize) -> Self {
        Self {
            name: format!("{kind:?}{number}"),
            kind,
            disk: BTreeMap::new(),
            known: BTreeMap::new(),
            since: "0".to_owned(),
            since_rev: 0,
            copies: 0,
        }
    }

    pub fn digest(&self) -> String {
        digest(self.disk.iter().map(|(path, text)| (&**path, &**text)))
    }

    fn known_text(&self, path: &str) -> Option<&String> {
        self.known.get(path)?.text.as_ref()
    }

    /// What differs from what was last in common.
    pub fn changes(&self) -> Vec<Entry> {
        let base = |path: &str| match self.kind {
            Kind::New => Some(self.known.get(path).map_or(0, |known| known.rev)),
            Kind::Old | Kind::Mixed => None,
        };
        let puts = self.disk.iter();
        let puts = puts.filter(|(path, text)| self.known_text(path) != Some(text));
        let deletes = self.known.iter().filter(|(path, known)| {
            self.kind != Kind::Old && known.text.is_some() && !self.disk.contains_key(*path)
        });
        let put = |(path, text): (&String, &String)| (path.clone(), Some(text.clone()));
        let delete = |(path, _): (&String, &Known)| (path.clone(), None);
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

    /// Remembers that the server has taken a push.
    pub fn pushed(&mut self, entries: &[Entry], answer: &Value) {
        for (entry, result) in entries.iter().zip(answer["results"].as_array().unwrap()) {
            let rev = result["rev"].as_i64().unwrap_or(0);
            let text = entry.text.clone();
            self.known.insert(entry.path.clone(), Known { rev, text });
        }
    }

    /// What the server has never heard of begins at nothing. A deletion that this device has not
    /// heard of, or has forgotten, is told here; for the rest, a pull will tell.
    pub fn refused(&mut self, answer: &Value) {
        for conflict in answer["conflicts"].as_array().unwrap() {
            let (path, current) = (conflict["path"].as_str().unwrap(), &conflict["current"]);
            if current.is_null() {
                self.known.remove(path);
            } else if current["deleted"] == true && !self.known.contains_key(path) {
                self.take(path, current["rev"].as_i64().unwrap(), None);
            }
        }
    }

    /// Takes in a change that another device made, or itself.
    pub fn take(&mut self, path: &str, rev: i64, theirs: Option<String>) {
        let mine = self.disk.get(path).cloned();
        let changed = mine.as_ref() != self.known_text(path);
        let keeps_mine = changed && mine != theirs && self.kind == Kind::Mixed;
        if changed && mine != theirs && self.kind == Kind::New {
            self.keep_copy(mine);
        }
        if !keeps_mine {
            self.write(path, theirs.clone());
        }
        self.known
            .insert(path.to_owned(), Known { rev, text: theirs });
    }

    fn write(&mut self, path: &str, text: Option<String>) {
        match text {
            Some(text) => self.disk.insert(path.to_owned(), text),
            None => self.disk.remove(path),
        };
    }

    /// A text that is in the way of another goes beside it.
    fn keep_copy(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.copies += 1;
            let path = format!("copies/{}-{}", self.name, self.copies);
            self.disk.insert(path, text);
        }
    }

    /// Compares everything with the server, as after a 410 or without any memory.
    pub fn compare(&mut self, client: &Client, project: &str) -> Value {
        let files: Vec<Value> = self
            .disk
            .iter()
            .map(|(path, text)| {
                let mut file = json!({ "path": path, "checksum": sha256(text.as_bytes()) });
                if let Some(known) = self.known.get(path) {
                    file["base"] = json!(known.rev);
                }
                file
            })
            .collect();
        let path = format!("/v1/projects/{project}/diff");
        client.post(&path, &json!({ "files": files })).good()
    }

    /// Does what a comparison says.
    pub fn follow(&mut self, client: &Client, project: &str, diff: &Value) {
        let list = |name: &str| diff[name].as_array().unwrap().clone();
        let path = |entry: &Value| entry["path"].as_str().unwrap().to_owned();
        let before = std::mem::take(&mut self.known);
        for entry in list("upload") {
            // Not in common any more, whatever it was: the next push brings it.
            if let Some(Known { rev, .. }) = before.get(&path(&entry)) {
                let (rev, text) = (*rev, None);
                self.known.insert(path(&entry), Known { rev, text });
            }
        }
        for entry in list("conflict") {
            let mine = self.disk.remove(&path(&entry));
            self.keep_copy(mine);
            if entry["current"]["deleted"] == true {
                let rev = entry["current"]["rev"].as_i64().unwrap();
                self.known.insert(path(&entry), Known { rev, text: None });
            }
        }
        for entry in list("delete_local") {
            let rev = entry["rev"].as_i64().unwrap();
            self.disk.remove(&path(&entry));
            self.known.insert(path(&entry), Known { rev, text: None });
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
            self.known.insert(path, Known { rev, text });
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
