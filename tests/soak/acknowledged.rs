//! What the server has acknowledged, to check it later.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use support::{file, sha256};

/// A path as the server last acknowledged it.
pub struct Kept {
    /// Rev of its newest version.
    pub rev: i64,
    /// `None` for a deletion.
    pub text: Option<String>,
}

/// The paths of one device in one project.
pub struct Acknowledged {
    /// The project.
    pub project: String,
    /// Prefix of each path.
    pub prefix: String,
    /// Its paths.
    pub kept: BTreeMap<String, Kept>,
    /// Cursor of the device in the change feed.
    pub cursor: String,
    /// Checksums of the live files according to the change feed.
    pub mirror: BTreeMap<String, String>,
}

impl Acknowledged {
    /// An empty project.
    pub fn new(project: String, prefix: String) -> Self {
        Self {
            project,
            prefix,
            kept: BTreeMap::new(),
            cursor: "0".to_owned(),
            mirror: BTreeMap::new(),
        }
    }

    /// The live files.
    pub fn live(&self) -> impl Iterator<Item = (&String, &String)> {
        self.kept
            .iter()
            .filter_map(|(path, kept)| Some((path, kept.text.as_ref()?)))
    }

    /// The last rev of a path; 0 when there was none.
    pub fn base(&self, path: &str) -> i64 {
        self.kept.get(path).map_or(0, |kept| kept.rev)
    }

    /// An entry of a push, based on the last acknowledged rev.
    pub fn entry(&self, path: &str, text: &str) -> Value {
        let mut entry = file(path, text.as_bytes());
        entry["base"] = json!(self.base(path));
        entry
    }

    /// Notes the results of a push; `texts` are its files.
    pub fn note(&mut self, answer: &Value, texts: &BTreeMap<String, String>) {
        for result in answer["results"].as_array().expect("results") {
            let path = result["path"].as_str().expect("a path");
            let Some(rev) = result["rev"].as_i64() else {
                continue;
            };
            let text = texts.get(path).cloned();
            self.kept.insert(path.to_owned(), Kept { rev, text });
        }
    }

    /// Applies a change of the feed, unless it is of another device.
    pub fn follow(&mut self, change: &Value) {
        let path = change["path"].as_str().expect("a path");
        if !path.starts_with(&self.prefix) {
            return;
        }
        match change["checksum"].as_str() {
            Some(checksum) => self.mirror.insert(path.to_owned(), checksum.to_owned()),
            None => self.mirror.remove(path),
        };
    }

    /// Requires that the feed agrees with the acknowledged pushes.
    pub fn agrees(&self) {
        let live = self.live();
        let live = live.map(|(path, text)| (path.clone(), sha256(text.as_bytes())));
        assert_eq!(live.collect::<BTreeMap<_, _>>(), self.mirror);
    }
}
