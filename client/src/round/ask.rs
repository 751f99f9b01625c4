//! What a person has to say before much is deleted on either side.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::disks::{disks, disks_now};
use crate::absence::{self, Answer, Deletions, Question};
use crate::config::Selection;
use crate::error::SyncError;
use crate::plan::{Edit, edits};
use crate::remote::Change;
use crate::scan::Scan;
use crate::state::{Entry, Side, State, subject};

/// Files that are gone on one side, out of so many. Those that are there under another name are not gone.
pub(super) struct Gone {
    pub paths: Vec<String>,
    pub files: usize,
}

impl Gone {
    /// What would be removed here.
    pub fn there<'c>(
        scan: &Scan,
        removed: impl Iterator<Item = &'c Change>,
        arrived: &HashSet<String>,
    ) -> Self {
        let is_lost = |change: &&Change| {
            let content = scan.checksum(&change.path);
            content.is_some_and(|content| !arrived.contains(content))
        };
        Self {
            paths: removed
                .filter(is_lost)
                .map(|change| change.path.clone())
                .collect(),
            files: scan.files.len(),
        }
    }

    /// What would be deleted on the server.
    pub fn here(scan: &Scan, entries: &BTreeMap<String, Entry>, selection: &Selection) -> Self {
        let paths = gone(scan, entries, selection)
            .into_iter()
            .map(|edit| edit.path);
        let is_live = |(path, entry): &(&String, &Entry)| {
            entry.checksum.is_some() && selection.has_file(path)
        };
        Self {
            paths: paths.collect(),
            files: entries.iter().filter(is_live).count(),
        }
    }

    /// With what was deleted on this side within the last hour: how many are gone, out of how many.
    fn much(&self, recent: &Deletions) -> Option<(usize, usize)> {
        let (gone, files) = absence::together(&self.now(), self.files, recent);
        let is_much = !self.paths.is_empty() && absence::is_much(gone, files);
        is_much.then_some((gone, files))
    }

    fn now(&self) -> Vec<&str> {
        self.paths.iter().map(String::as_str).collect()
    }

    /// The deletions are done now, and count for the next hour.
    pub fn remember(&self, state: &mut State, side: Side) -> Result<(), SyncError> {
        if self.paths.is_empty() {
            Ok(())
        } else {
            state.add_deletions(side, &self.now(), self.files)
        }
    }
}

/// A question, and what it is about.
pub(super) struct Asked {
    pub question: Question,
    subject: String,
}

impl Asked {
    fn about(side: Side, question: Question, paths: &[&str]) -> Self {
        let reason = match &question {
            Question::GoneHere(..) | Question::GoneThere(..) => "",
            Question::OtherDisk(folder) | Question::NoFolder(folder, _) => folder,
        };
        let subject = subject(side, reason, paths);
        Self { question, subject }
    }
}

/// Asks about files that are gone on one side, unless that was asked before and a person has said since that it was meant.
/// `open` finds the first question that is not among those.
pub(super) fn ask(
    gone: &Gone,
    state: &mut State,
    side: Side,
    answer: Answer,
    open: impl Fn(&State, &BTreeSet<String>) -> Result<Option<Asked>, SyncError>,
) -> Result<(), SyncError> {
    let answered = match answer {
        Answer::Delete => state.asked()?,
        _ => BTreeSet::new(),
    };
    if let Some(asked) = open(state, &answered)? {
        state.add_asked(&asked.subject)?;
        return Err(asked.question.into());
    }
    match open(state, &BTreeSet::new())? {
        Some(_) => state.forget_deletions(side),
        None => gone.remember(state, side),
    }
}

/// What a person has to say about files that would be removed here, and has not said.
pub(super) fn gone_there(
    gone: &Gone,
    state: &State,
    answered: &BTreeSet<String>,
) -> Result<Option<Asked>, SyncError> {
    let much = gone.much(&state.recent_deletions(Side::There)?);
    let question = much.map(|(gone, files)| Question::GoneThere(gone, files));
    let asked = question.map(|question| Asked::about(Side::There, question, &gone.now()));
    Ok(asked.filter(|asked| !answered.contains(&asked.subject)))
}

/// What a person has to say about the files that are gone here, and has not said. What was said of one folder is not about
/// the others.
pub(super) fn gone_here(
    gone: &Gone,
    scan: &Scan,
    state: &State,
    answered: &BTreeSet<String>,
) -> Result<Option<Asked>, SyncError> {
    if gone.paths.is_empty() {
        return Ok(None);
    }
    let (before, now) = (disks(state)?, disks_now(scan));
    let recent = state.recent_deletions(Side::Here)?;
    let mut rest = Gone {
        paths: gone.paths.clone(),
        files: gone.files,
    };
    while let Some(asked) = rest.first_question(&before, &now, &recent) {
        if !answered.contains(&asked.subject) {
            return Ok(Some(asked));
        }
        rest.leave_out(&asked.question);
    }
    Ok(None)
}

impl Gone {
    fn first_question(
        &self,
        before: &BTreeMap<String, u64>,
        now: &BTreeMap<String, u64>,
        recent: &Deletions,
    ) -> Option<Asked> {
        let gone = self.now();
        let other_disk = || absence::other_disk(before, now, gone.iter().copied());
        let much = || {
            let (gone, files) = self.much(recent)?;
            Some(Question::GoneHere(gone, files))
        };
        let no_folder = || absence::no_folder(now, &gone, self.files, recent);
        let question = other_disk().or_else(much).or_else(no_folder)?;
        let about = self.about(&question);
        Some(Asked::about(Side::Here, question, &about))
    }

    /// The files that a question is about.
    fn about(&self, question: &Question) -> Vec<&str> {
        let paths = self.paths.iter().map(String::as_str);
        paths.filter(|path| question.is_about(path)).collect()
    }

    /// What is left when these files were meant to be deleted.
    fn leave_out(&mut self, question: &Question) {
        let before = self.paths.len();
        self.paths.retain(|path| !question.is_about(path));
        self.files = self.files.saturating_sub(before - self.paths.len());
    }
}

/// Deleted files whose content is not here under another name.
fn gone(scan: &Scan, entries: &BTreeMap<String, Entry>, selection: &Selection) -> Vec<Edit> {
    let mut gone = edits(scan, entries, selection);
    gone.retain(|edit| edit.size.is_none());
    if !gone.is_empty() {
        let here = scan.files.values().map(|local| &*local.checksum);
        let here: HashSet<&str> = here.collect();
        gone.retain(|edit| !here.contains(&*edit.checksum));
    }
    gone
}
