//! What a round would do. Nothing is changed on either side.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Asked, Gone, gone_here, gone_there};
use super::expected::expected;
use crate::config::Folder;
use crate::error::SyncError;
use crate::plan::{Decision, Edit, add_untaken, by_limits, by_scope, edits, half_moves, unsound};
use crate::remote::{Change, Remote};
use crate::report::{ConflictCopy, Left, Report};
use crate::scan::Scan;
use crate::state::{AllUntaken, Entry, State};

/// What a round would do now.
pub fn preview(folder: &Folder, remote: &dyn Remote, device: &str) -> Result<Report, SyncError> {
    let mut state = State::look(folder)?;
    let scan = Scan::of(folder, state.contents());
    let gone = Gone::here(&scan, &state.entries, &folder.selection);
    let gone_here = gone_here(&gone, &scan, &state, &BTreeSet::new())?;
    let expected = expected(folder, remote, device, &mut state, &scan)?;
    let asked = match gone_here {
        None => removed_here(&scan, &state, &expected)?,
        asked => asked,
    };
    let mut report = Report {
        question: asked.map(|asked| asked.question.to_string()),
        ..Report::default()
    };
    let mut taken: BTreeSet<String> = state.pending.keys().cloned().collect();
    for (change, decision) in expected {
        if foretell(&mut report, &mut state, &change, decision) {
            taken.insert(change.path);
        }
    }
    let mut edits = edits(&scan, &state.entries, &folder.selection);
    edits.retain(|edit| !taken.contains(&edit.path));
    let refused = foretell_edits(&mut report, edits, &scan, &state, remote)?;
    report.unread = scan.closed;
    let pending = state.pending.into_iter();
    let pending = pending.map(|(path, pending)| (path, pending.reason));
    let left: BTreeMap<String, String> = pending.chain(scan.odd).chain(refused).collect();
    let left = left.into_iter();
    report.left = left.map(|(path, reason)| Left { path, reason }).collect();
    Ok(report)
}

/// What a person has to say about the files that a round would remove.
fn removed_here(
    scan: &Scan,
    state: &State,
    expected: &[(Change, Decision)],
) -> Result<Option<Asked>, SyncError> {
    let arrived = expected
        .iter()
        .filter_map(|(change, _)| change.checksum.clone());
    let is_removed = |(_, decision): &&(Change, Decision)| *decision == Decision::Remove;
    let removed = expected.iter().filter(is_removed).map(|(change, _)| change);
    let gone = Gone::there(scan, removed, &arrived.collect());
    gone_there(&gone, state, &BTreeSet::new())
}

/// Tells of a change, and remembers what edits would start from then. Whether it settles what becomes of the path.
fn foretell(report: &mut Report, state: &mut State, change: &Change, decision: Decision) -> bool {
    let path = change.path.clone();
    match decision {
        Decision::Known => return false,
        Decision::Follow | Decision::Keep => {
            let entry = Entry::of(change.rev, change.checksum.clone());
            state.entries.insert(path.clone(), entry);
            if decision == Decision::Keep {
                report.kept.insert(path);
            }
            return false;
        }
        Decision::Record => {}
        Decision::Write => _ = report.downloaded.insert(path),
        Decision::Return => _ = report.returned.insert(path),
        Decision::Remove => _ = report.deleted_here.insert(path),
        Decision::Merge => report.conflicts.push(ConflictCopy {
            path,
            copy: String::new(),
            is_local: false,
        }),
    }
    true
}

/// Tells of edits that would go up, and returns those that the server would not take, each with the reason.
fn foretell_edits(
    report: &mut Report,
    edits: Vec<Edit>,
    scan: &Scan,
    state: &State,
    remote: &dyn Remote,
) -> Result<BTreeMap<String, String>, SyncError> {
    if edits.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (edits, mut refused) = by_limits(edits, &remote.limits()?);
    let mut untaken = state.untaken()?;
    let (edits, said) = by_word(edits, &untaken);
    refused.extend(said);
    let untakable = refused.keys().cloned().collect();
    let unsound = unsound(&edits, scan);
    let entries = &state.entries;
    add_untaken(&mut untaken, &untakable, &edits, scan, entries, &unsound);
    let (edits, moved) = half_moves(edits, &scan.files, &refused, &untaken, unsound);
    refused.extend(moved);
    let (edits, forbidden) = by_scope(edits, remote.scope()?);
    refused.extend(forbidden);
    for edit in edits {
        add(report, edit);
    }
    Ok(refused)
}

/// Edits without those that the server has refused before, and these.
fn by_word(edits: Vec<Edit>, untaken: &AllUntaken) -> (Vec<Edit>, BTreeMap<String, String>) {
    let said = |edit: &Edit| {
        let said = untaken.get(&edit.path)?.said.as_ref();
        said.filter(|said| said.checksum == edit.checksum)
    };
    let (refused, edits): (Vec<Edit>, Vec<Edit>) =
        edits.into_iter().partition(|edit| said(edit).is_some());
    let refused = refused.into_iter().filter_map(|edit| {
        let reason = said(&edit)?.reason.clone();
        Some((edit.path, reason))
    });
    let refused = refused.collect();
    (edits, refused)
}

fn add(report: &mut Report, edit: Edit) {
    match edit.size {
        Some(_) => report.uploaded.insert(edit.path),
        None => report.deleted_there.insert(edit.path),
    };
}
