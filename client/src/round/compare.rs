//! Takes what the server has by comparing everything, where there is no cursor to trust.

use std::collections::BTreeMap;

use super::Round;
use super::listing::{diff, listing, require_not_deleted, unknown, without_lost_revs};
use super::pages::{pages, read_ahead};
use crate::absence::Answer;
use crate::apply::Old;
use crate::error::SyncError;
use crate::feed::Feed;
use crate::plan::{Decision, Judged, compare};
use crate::remote::{BEGINNING, Change};
use crate::state::Update;

/// From so many contents on, reading the whole feed with content takes fewer requests than reading files.
const MANY: usize = 8;

impl Round<'_> {
    /// Compares every file here with every file there.
    pub(super) fn compare_all(&mut self) -> Result<(), SyncError> {
        self.state.set_cursor(None)?;
        let (changes, cursor) = listing(self.remote, BEGINNING)?;
        if self.options.answer != Answer::BringBack {
            require_not_deleted(self.remote, &self.scan, &self.state.entries, &changes)?;
        }
        self.forget_unknown(&changes)?;
        self.forget_lost_revs(&changes)?;
        let diff = diff(self.remote, &self.scan, &self.state.entries, &changes)?;
        let judged = Judged::of(&diff);
        let judge = |round: &Self, change: &Change| {
            let entry = round.state.entries.get(&change.path);
            let local = round.scan.checksum(&change.path);
            compare(entry, local, change, &judged)
        };
        self.old = Old::Trash;
        let (puts, deleted) = self.selected(changes);
        self.note_leaving(&deleted);
        let arrived = puts.iter().filter_map(|put| put.checksum.clone()).collect();
        self.take_compared(puts, &judge)?;
        let updates = self.take_deletions(deleted, &arrived, &judge)?;
        self.state.write(&updates, Some(&cursor))?;
        self.old = Old::Known;
        self.take_pending()
    }

    /// What the server has never heard of goes up as new.
    fn forget_unknown(&mut self, changes: &[Change]) -> Result<(), SyncError> {
        let unknown = unknown(&self.state.entries, changes).into_iter();
        let updates: Vec<Update> = unknown.map(Update::Forget).collect();
        self.remember(&updates)
    }

    /// A number that the server has given to no version of a file, or not to the one that was here, says nothing.
    pub(super) fn forget_lost_revs(&mut self, changes: &[Change]) -> Result<(), SyncError> {
        let lost = without_lost_revs(&self.state.entries, changes).into_iter();
        let updates: Vec<Update> = lost
            .map(|(path, entry)| Update::Entry(path, entry))
            .collect();
        self.remember(&updates)
    }

    /// Takes files after everything was compared, with the contents of the feed when there are many.
    fn take_compared(
        &mut self,
        puts: Vec<Change>,
        judge: &dyn Fn(&Self, &Change) -> Decision,
    ) -> Result<(), SyncError> {
        let needs = |round: &Self, change: &Change| {
            let decision = judge(round, change);
            matches!(
                decision,
                Decision::Write | Decision::Return | Decision::Merge
            )
        };
        let (needing, rest): (Vec<Change>, Vec<Change>) =
            puts.into_iter().partition(|change| needs(self, change));
        let updates = self.take(rest, judge)?;
        self.remember(&updates)?;
        if needing.len() < MANY {
            let updates = self.take(needing, judge)?;
            return self.remember(&updates);
        }
        let mut needing: BTreeMap<String, Change> = by_path(needing);
        let mut feed = Feed::new(self.remote, BEGINNING, true);
        let mut next = pages(&mut feed);
        while let Some(page) = next {
            let page = page?;
            let is_needed = |change: &Change| {
                needing
                    .get(&change.path)
                    .is_some_and(|needed| needed.rev == change.rev)
            };
            let needed: Vec<Change> = page.changes.into_iter().filter(is_needed).collect();
            for change in &needed {
                needing.remove(&change.path);
            }
            let taken;
            (taken, next) = read_ahead(&mut feed, || self.take(needed, judge));
            self.remember(&taken?)?;
        }
        // Those that changed meanwhile come with the feed.
        Ok(())
    }
}

fn by_path(changes: Vec<Change>) -> BTreeMap<String, Change> {
    let changes = changes.into_iter();
    changes
        .map(|change| (change.path.clone(), change))
        .collect()
}
