//! The model of a project: every version of every path, and what a request must do to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::matches;
use support::{Answer, sha256};

/// One version of a path.
#[derive(Debug, Clone)]
pub struct Version {
    pub rev: i64,
    /// `None` for a deletion.
    pub text: Option<String>,
    /// The device that stored it.
    pub device: String,
}

impl Version {
    fn checksum(&self) -> Option<String> {
        Some(sha256(self.text.as_ref()?.as_bytes()))
    }
}

/// One entry of a push.
#[derive(Debug, Clone)]
pub struct Entry {
    pub path: String,
    /// `None` to delete the path.
    pub text: Option<String>,
    pub base: Option<i64>,
}

/// The expected state of one project.
#[derive(Debug, Default)]
pub struct Model {
    pub versions: BTreeMap<String, Vec<Version>>,
    /// Revs of purged versions.
    pub purged: BTreeMap<String, Vec<i64>>,
    /// Highest rev ever assigned, even before the project was deleted and created again.
    pub last_rev: i64,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Accepted,
    Refused,
    /// A new content without base for a path that was deleted: the protocol allows both.
    Either,
}

impl Model {
    pub fn newest(&self, path: &str) -> Option<&Version> {
        self.versions.get(path)?.last()
    }

    /// The text of a live path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.newest(path)?.text.as_deref()
    }

    pub fn was_ever(&self, path: &str, text: &str) -> bool {
        let mut versions = self.versions.get(path).into_iter().flatten();
        versions.any(|version| version.text.as_deref() == Some(text))
    }

    /// The newest version of every path that changed after a rev, in order.
    pub fn changes_after(&self, rev: i64) -> Vec<(&str, &Version)> {
        let paths = self.versions.keys();
        let mut changes: Vec<_> = paths
            .filter_map(|path| Some((path.as_str(), self.newest(path)?)))
            .filter(|(_, version)| version.rev > rev)
            .collect();
        changes.sort_by_key(|(_, version)| version.rev);
        changes
    }

    pub fn head(&self) -> i64 {
        let revs = self.versions.values().flatten();
        revs.map(|version| version.rev).max().unwrap_or(0)
    }

    /// Every live path with its text.
    pub fn live(&self) -> Vec<(&str, &str)> {
        let paths = self.versions.keys();
        let paths = paths.filter_map(|path| Some((path.as_str(), self.text(path)?)));
        paths.collect()
    }

    pub fn digest(&self) -> String {
        digest(self.live().into_iter())
    }

    /// Checks the answer to a push and applies the push.
    pub fn push(&mut self, device: &str, entries: &[Entry], answer: &Answer) {
        assert!(
            self.allows(entries, answer),
            "{} {} for {entries:?} in {self:?}",
            answer.status,
            answer.json
        );
        if answer.status == 200 {
            self.apply(device, entries, &answer.json["results"]);
        }
    }

    /// Whether a push may be answered like this.
    pub fn allows(&self, entries: &[Entry], answer: &Answer) -> bool {
        let verdicts: Vec<Verdict> = entries.iter().map(|entry| self.judge(entry)).collect();
        let refused = verdicts.contains(&Verdict::Refused);
        let either = !refused && verdicts.contains(&Verdict::Either);
        match answer.status {
            200 => {
                !refused
                    && self.allows_results(entries, &answer.json["results"])
                    && self.allows_cursor(&answer.json)
            }
            409 => (refused || either) && self.allows_conflicts(entries, &verdicts, &answer.json),
            _ => false,
        }
    }

    fn judge(&self, entry: &Entry) -> Verdict {
        let Some(base) = entry.base else {
            return Verdict::Accepted;
        };
        let is_there_already = self.text(&entry.path) == entry.text.as_deref();
        match (self.newest(&entry.path), &entry.text) {
            (None, _) if base == 0 => Verdict::Accepted,
            (Some(newest), _) if newest.rev == base => Verdict::Accepted,
            _ if is_there_already => Verdict::Accepted,
            (Some(newest), Some(text)) if base == 0 && newest.text.is_none() => {
                if self.was_ever(&entry.path, text) {
                    Verdict::Refused
                } else {
                    Verdict::Either
                }
            }
            _ => Verdict::Refused,
        }
    }

    fn allows_conflicts(&self, entries: &[Entry], verdicts: &[Verdict], answer: &Value) -> bool {
        let conflicts = answer["conflicts"].as_array().unwrap();
        let listed: BTreeSet<&str> = conflicts
            .iter()
            .filter_map(|conflict| conflict["path"].as_str())
            .collect();
        let mut judged = entries.iter().zip(verdicts);
        answer["code"] == "conflict"
            && conflicts
                .iter()
                .all(|conflict| self.allows_current(conflict))
            && judged.all(|(entry, verdict)| match verdict {
                Verdict::Refused => listed.contains(&*entry.path),
                Verdict::Accepted => !listed.contains(&*entry.path),
                Verdict::Either => true,
            })
    }

    fn allows_current(&self, conflict: &Value) -> bool {
        let current = &conflict["current"];
        match self.newest(conflict["path"].as_str().unwrap()) {
            None => current.is_null(),
            Some(newest) => {
                current["rev"] == newest.rev
                    && current["deleted"] == newest.text.is_none()
                    && current["checksum"] == json!(newest.checksum())
            }
        }
    }

    /// Whether a push or a restore of these entries may have these results. Deletions come before the
    /// files that may take their paths.
    fn allows_results(&self, entries: &[Entry], results: &Value) -> bool {
        let results = results.as_array().unwrap();
        let mut last_rev = self.last_rev;
        let mut pairs: Vec<_> = entries.iter().zip(results).collect();
        pairs.sort_by_key(|(entry, _)| entry.text.is_some());
        results.len() == entries.len()
            && pairs.into_iter().all(|(entry, result)| {
                let rev = result["rev"].as_i64();
                let numbered = if self.changes(entry) {
                    rev.is_some_and(|rev| rev > std::mem::replace(&mut last_rev, rev))
                } else {
                    rev == self.newest(&entry.path).map(|newest| newest.rev)
                };
                numbered && result["path"] == *entry.path && result["status"] == self.status(entry)
            })
    }

    /// The cursor of a push is at its own last change, or where the project was.
    fn allows_cursor(&self, answer: &Value) -> bool {
        let results = answer["results"].as_array().unwrap().iter();
        let revs = results.filter_map(|result| result["rev"].as_i64());
        matches::cursor(answer) == revs.fold(self.head(), i64::max)
    }

    fn changes(&self, entry: &Entry) -> bool {
        self.text(&entry.path) != entry.text.as_deref()
    }

    /// Checks the results of a push or a restore and applies them.
    pub fn accept(&mut self, device: &str, entries: &[Entry], results: &Value) {
        assert!(
            self.allows_results(entries, results),
            "{results} for {entries:?} in {self:?}"
        );
        self.apply(device, entries, results);
    }

    fn apply(&mut self, device: &str, entries: &[Entry], results: &Value) {
        for (entry, result) in entries.iter().zip(results.as_array().unwrap()) {
            if self.changes(entry) {
                let rev = result["rev"].as_i64().unwrap();
                self.last_rev = self.last_rev.max(rev);
                let version = Version {
                    rev,
                    text: entry.text.clone(),
                    device: device.to_owned(),
                };
                let versions = self.versions.entry(entry.path.clone()).or_default();
                versions.push(version);
            }
        }
    }

    /// Purges the version of a rev, or all of a path. Returns how many versions go. `head` is the
    /// newest rev afterwards: that of the deletion, if one is needed.
    pub fn purge(&mut self, path: &str, rev: Option<i64>, device: &str, head: i64) -> usize {
        let versions = self.versions.get_mut(path).unwrap();
        let newest = versions.last().unwrap();
        if newest.text.is_some() && rev.is_none_or(|rev| rev == newest.rev) {
            assert!(head > self.last_rev);
            self.last_rev = head;
            versions.push(Version {
                rev: head,
                text: None,
                device: device.to_owned(),
            });
        }
        let (before, newest) = (versions.len(), versions.last().unwrap().rev);
        let stays =
            |version: &Version| version.rev == newest || rev.is_some_and(|rev| rev != version.rev);
        let goes = |version: &&Version| !stays(version);
        let purged = self.purged.entry(path.to_owned()).or_default();
        purged.extend(versions.iter().filter(goes).map(|version| version.rev));
        versions.retain(stays);
        before - versions.len()
    }

    /// The status of an entry that is accepted.
    pub fn status(&self, entry: &Entry) -> &'static str {
        match (self.text(&entry.path), &entry.text) {
            (None, None) => "absent",
            (None, Some(_)) => "created",
            (Some(_), None) => "deleted",
            (Some(old), Some(new)) if old == new => "unchanged",
            (Some(_), Some(_)) => "updated",
        }
    }

    /// Paths that changed after the time of a rev, and whose version at that time was purged.
    pub fn purged_at(&self, rev: i64) -> BTreeSet<&str> {
        let newest = |revs: &[i64]| revs.iter().copied().filter(|one| *one <= rev).max();
        let is_purged = |path: &&str| {
            let purged = self.purged.get(*path).and_then(|revs| newest(revs));
            let kept: Vec<_> = self.versions[*path].iter().map(|one| one.rev).collect();
            purged > newest(&kept)
        };
        let changed = self.changes_after(rev).into_iter().map(|(path, _)| path);
        changed.filter(is_purged).collect()
    }

    /// The entries that a restore to the time of a rev stores, by path.
    pub fn at(&self, rev: i64) -> Vec<Entry> {
        let purged = self.purged_at(rev);
        let changed = self.changes_after(rev).into_iter();
        let changed = changed.filter(|(path, _)| !purged.contains(path));
        let entry = |(path, _): (&str, &Version)| {
            let mut versions = self.versions[path].iter().rev();
            let then = versions.find(|version| version.rev <= rev);
            Entry {
                path: path.to_owned(),
                text: then.and_then(|version| version.text.clone()),
                base: None,
            }
        };
        changed.map(entry).collect()
    }

    /// The list of a diff in which a local file must appear.
    pub fn compare(&self, path: &str, text: &str, base: Option<i64>) -> &'static str {
        let Some(newest) = self.newest(path) else {
            return "upload";
        };
        let is_behind = self.was_since(path, text, base.unwrap_or(0));
        match &newest.text {
            Some(current) if current == text => "unchanged",
            _ if base == Some(newest.rev) => "upload",
            Some(_) if is_behind => "download",
            None if is_behind => "delete_local",
            _ => "conflict",
        }
    }

    /// Whether a path had this text in the version of a rev, or in a later one.
    fn was_since(&self, path: &str, text: &str, rev: i64) -> bool {
        let versions = &self.versions[path];
        let older = versions.partition_point(|version| version.rev <= rev);
        versions[older.saturating_sub(1)..]
            .iter()
            .any(|version| version.text.as_deref() == Some(text))
    }

    /// The history that the server must return for a path.
    pub fn history(&self, path: &str) -> Vec<Value> {
        let version = |version: &Version| {
            json!({
                "rev": version.rev,
                "op": if version.text.is_some() { "put" } else { "delete" },
                "checksum": version.checksum(),
                "device": version.device,
            })
        };
        let versions = self.versions.get(path).into_iter().flatten();
        versions.rev().map(version).collect()
    }
}

/// XOR of SHA-256(path, a zero byte, checksum in hex) over all files.
pub fn digest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut sum = [0; 32];
    for (path, text) in files {
        let entry = Sha256::digest(format!("{path}\0{}", sha256(text.as_bytes())));
        sum.iter_mut()
            .zip(entry)
            .for_each(|(byte, other)| *byte ^= other);
    }
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}
