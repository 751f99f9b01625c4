//! What the server has acknowledged, to be asked for again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use support::{file, sha256};

/// A path as the server last acknowledged it.
pub struct Kept {
    /// Of the version.
    pub rev: i64,
    /// None for a deletion.
    pub text: Option<String>,
}

/// The paths of one device in one project.
pub struct Ledger {
    /// Which project.
    pub project: String,
    /// Before each path.
    pub prefix: String,
    /// By path.
    pub kept: BTreeMap<String, Kept>,
    /// Where the device stands in the change feed.
    pub cursor: String,
    /// What the change feed has told: checksums of live files.
    pub mirror: BTreeMap<String, String>,
}

impl Ledger {
    /// Nothing yet.
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

    /// A file of a push that starts from what is known.
    pub fn entry(&self, path: &str, text: &str) -> Value {
        let mut entry = file(path, text.as_bytes());
        entry["base"] = json!(self.base(path));
        entry
    }

    /// Notes what a push has come to; `texts` are its files.
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

    /// Follows a change of the feed; those of other devices are theirs to follow.
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

    /// Requires that the feed has told what the pushes were acknowledged for.
    pub fn agrees(&self) {
        let live = self.live();
        let live = live.map(|(path, text)| (path.clone(), sha256(text.as_bytes())));
        assert_eq!(live.collect::<BTreeMap<_, _>>(), self.mirror);
    }
}
