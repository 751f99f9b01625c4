//! What a round would do. Nothing is changed on either side.

use std::collections::BTreeSet;

use super::ask::{Gone, gone_here, gone_there};
use crate::absence::Question;
use crate::config::Folder;
use crate::error::SyncError;
use crate::plan::{Decision, Edit, decide, edits, is_own};
use crate::remote::{BEGINNING, Change, Remote, RemoteError};
use crate::report::{ConflictCopy, Left, Report};
use crate::scan::Scan;
use crate::state::State;

/// What a round would do now.
pub fn preview(folder: &Folder, remote: &dyn Remote, device: &str) -> Result<Report, SyncError> {
    let state = State::look(folder)?;
    let scan = Scan::of(folder, &state.entries)?;
    let changes = changes(remote, &state)?;
    let changes = changes.into_iter();
    let changes = changes.filter(|change| folder.selection.has_file(&change.path));
    let changes: Vec<Change> = changes.collect();
    let gone = Gone::here(&scan, &state.entries, &folder.selection);
    let asked = match gone_here(&gone, &scan, &state)? {
        None => removed_here(&scan, &state, &changes, device)?,
        asked => asked,
    };
    let mut report = Report {
        question: asked.map(|question| question.to_string()),
        ..Report::default()
    };
    let mut taken = BTreeSet::new();
    for change in changes {
        let decision = decision(&scan, &state, &change, device);
        if foretell(&mut report, &change, decision) {
            taken.insert(change.path);
        }
    }
    let edits = edits(&scan, &state.entries, &folder.selection).into_iter();
    for edit in edits.filter(|edit| !taken.contains(&edit.path)) {
        add(&mut report, edit);
    }
    let pending = state.pending.into_iter();
    let pending = pending.map(|(path, pending)| (path, pending.reason));
    let left = pending.chain(scan.odd);
    report.left = left.map(|(path, reason)| Left { path, reason }).collect();
    Ok(report)
}

/// What the server has since the last round, without content.
fn changes(remote: &dyn Remote, state: &State) -> Result<Vec<Change>, SyncError> {
    let since = state.cursor()?;
    match feed(remote, since.as_deref().unwrap_or(BEGINNING)) {
        Err(RemoteError::Gone) => Ok(feed(remote, BEGINNING)?),
        changes => Ok(changes?),
    }
}

fn feed(remote: &dyn Remote, since: &str) -> Result<Vec<Change>, RemoteError> {
    let (mut cursor, mut changes) = (since.to_owned(), Vec::new());
    loop {
        let page = remote.changes(&cursor, false)?;
        changes.extend(page.changes);
        cursor = page.cursor;
        if !page.has_more {
            return Ok(changes);
        }
    }
}

fn decision(scan: &Scan, state: &State, change: &Change, device: &str) -> Decision {
    let entry = state.entries.get(&change.path);
    let local = scan.checksum(&change.path);
    let version = (change.rev, change.checksum.as_deref());
    decide(entry, local, version, is_own(entry, change, device))
}

/// What a person has to say about the files that a round would remove.
fn removed_here(
    scan: &Scan,
    state: &State,
    changes: &[Change],
    device: &str,
) -> Result<Option<Question>, SyncError> {
    let arrived = changes.iter().filter_map(|change| change.checksum.clone());
    let is_removed = |change: &&Change| decision(scan, state, change, device) == Decision::Remove;
    let removed = changes.iter().filter(is_removed);
    gone_there(&Gone::there(scan, removed, &arrived.collect()), state)
}

/// Whether the change settles what becomes of the path.
fn foretell(report: &mut Report, change: &Change, decision: Decision) -> bool {
    let path = change.path.clone();
    match decision {
        Decision::Known | Decision::Follow => return false,
        Decision::Record => {}
        Decision::Write => _ = report.downloaded.insert(path),
        Decision::Return => _ = report.returned.insert(path),
        Decision::Remove => _ = report.deleted_here.insert(path),
        Decision::Keep => _ = report.kept.insert(path),
        Decision::Merge => report.conflicts.push(ConflictCopy {
            path,
            copy: String::new(),
        }),
    }
    true
}

fn add(report: &mut Report, edit: Edit) {
    match edit.size {
        Some(_) => report.uploaded.insert(edit.path),
        None => report.deleted_there.insert(edit.path),
    };
}
