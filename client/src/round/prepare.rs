//! The beginning of a round: what is here, and whether so much is gone that a person must be asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ask::{Gone, ask, gone_here};
use super::bring_back::bring_back;
use super::disks::remember_disks;
use super::own::OwnPushes;
use super::{Options, Round};
use crate::absence::Answer;
use crate::apply::{Disk, Old};
use crate::config::{Folder, Selection};
use crate::error::SyncError;
use crate::plan::both;
use crate::remote::Remote;
use crate::report::Report;
use crate::scan::Scan;
use crate::state::{Entry, Side, State, Unsent, Update};

/// Smaller files are read sooner than they are remembered.
const LARGE: u64 = 1 << 20;

impl<'a> Round<'a> {
    /// Begins with what is here now.
    pub(super) fn begin(
        disk: Disk<'a>,
        state: &'a mut State,
        remote: &'a dyn Remote,
        options: Options<'a>,
        scan: Scan,
    ) -> Result<Self, SyncError> {
        let folder = disk.folder;
        forget_unselected(state, folder)?;
        remember_stamps(state, &scan)?;
        remember_unsent(state, &scan)?;
        ask_here(&scan, state, &folder.selection, &options)?;
        remember_disks(state, &scan)?;
        let mut round = Self {
            folder,
            disk,
            state,
            remote,
            options,
            scan,
            is_outdated: false,
            old: Old::Known,
            leaving: HashMap::new(),
            unedited: HashMap::new(),
            refused: BTreeMap::new(),
            untakable: BTreeSet::new(),
            said: BTreeMap::new(),
            max_body: None,
            own: OwnPushes::default(),
            report: Report::default(),
        };
        round.rescue_leftovers()?;
        Ok(round)
    }
}

impl Round<'_> {
    /// Looks at the folder once more.
    pub(super) fn look_at_all_again(&mut self) -> Result<(), SyncError> {
        self.scan = Scan::since(self.folder, self.state.contents(), self.disk.now);
        let selection = &self.folder.selection;
        ask_here(&self.scan, self.state, selection, &self.options)
    }
}

/// What is no longer selected is neither deleted nor watched. While its file is here, it may be selected
/// again, and then it is known what it was edited from.
fn forget_unselected(state: &mut State, folder: &Folder) -> Result<(), SyncError> {
    let is_unselected = |path: &&String| !folder.selection.has_file(path);
    let is_gone = |path: &&String| !folder.place(path).is_file();
    let entries = state.entries.keys().filter(is_unselected).filter(is_gone);
    let pending = state.pending.keys().filter(is_unselected);
    let forget = entries.chain(pending).cloned().map(Update::Forget);
    let forget: Vec<Update> = forget.collect();
    let cursor = state.cursor()?;
    state.write(&forget, cursor.as_deref())
}

/// A file that was read and is the same need not be read again. One with a change that waits is: an entry
/// would end the wait.
fn remember_stamps(state: &mut State, scan: &Scan) -> Result<(), SyncError> {
    let files = both(&scan.files, &state.entries);
    let files = files.filter(|(path, ..)| !state.pending.contains_key(*path));
    let seen = files.filter_map(|(path, local, entry)| {
        let (local, entry) = (local?, entry?);
        let is_same = entry.checksum.as_ref() == Some(&local.checksum);
        let is_new = !local.stamp.is_empty() && local.stamp != entry.stamp;
        (is_same && is_new).then(|| {
            let stamp = local.stamp.clone();
            Update::Entry(
                path.clone(),
                Entry {
                    stamp,
                    ..entry.clone()
                },
            )
        })
    });
    let seen: Vec<Update> = seen.collect();
    let cursor = state.cursor()?;
    state.write(&seen, cursor.as_deref())
}

/// The server may never take a file, which is then not to be read in each round.
fn remember_unsent(state: &mut State, scan: &Scan) -> Result<(), SyncError> {
    let files = both(&scan.files, &state.entries);
    let unsent = files.filter_map(|(path, local, entry)| {
        let local = local?;
        let is_sent = entry.is_some_and(|entry| entry.checksum.as_ref() == Some(&local.checksum));
        let is_worth_it = !is_sent && local.size >= LARGE && !local.stamp.is_empty();
        let unsent = || Unsent {
            stamp: local.stamp.clone(),
            checksum: local.checksum.clone(),
        };
        is_worth_it.then(|| (path.clone(), unsent()))
    });
    let unsent = unsent.collect();
    state.set_unsent(unsent)
}

/// Asks, unless a person has said what was meant.
fn ask_here(
    scan: &Scan,
    state: &mut State,
    selection: &Selection,
    options: &Options,
) -> Result<(), SyncError> {
    let gone = Gone::here(scan, &state.entries, selection);
    if options.answer == Answer::BringBack {
        bring_back(&gone, state)?;
        state.forget_deletions(Side::There)?;
        return state.forget_deletions(Side::Here);
    }
    ask(
        &gone,
        state,
        Side::Here,
        options.answer,
        |state, answered| gone_here(&gone, scan, state, answered),
    )
}
