//! Takes what the server has, by its change feed.

use std::collections::HashSet;

use super::Round;
use super::ask::{Gone, ask, gone_there};
use super::pages::{pages, read_ahead};
use crate::absence::Answer;
use crate::error::SyncError;
use crate::feed::Feed;
use crate::plan::Decision;
use crate::remote::{BEGINNING, Change, RemoteError};
use crate::report::Phase;
use crate::state::{Side, State, Update};

impl Round<'_> {
    /// Brings this folder to where the server is.
    pub(super) fn pull(&mut self) -> Result<(), SyncError> {
        let has_nothing = self.scan.files.is_empty() && self.state.entries.is_empty();
        self.begin_download(has_nothing);
        self.take_pending()?;
        let followed = match self.state.cursor()? {
            Some(cursor) => self.follow(&cursor),
            None if has_nothing => self.follow(BEGINNING),
            None => Err(RemoteError::Gone.into()),
        };
        match followed {
            Err(SyncError::Remote(RemoteError::Gone)) => self.compare_all()?,
            followed => followed?,
        }
        self.forget_what_never_arrived()
    }

    /// How much will come is known when all does.
    fn begin_download(&self, is_all: bool) {
        let total = is_all.then(|| self.remote.totals().ok()).flatten();
        let total = total.filter(|(files, _)| *files > 0);
        self.options.progress.begin(Phase::Download, total);
    }

    /// What could not be written before may be possible now.
    pub(super) fn take_pending(&mut self) -> Result<(), SyncError> {
        let pending = self.state.pending.iter().map(|(path, pending)| Change {
            rev: pending.rev,
            path: path.clone(),
            checksum: pending.checksum.clone(),
            modified: pending.modified,
            device: None,
            content: None,
        });
        let pending: Vec<Change> = pending.collect();
        let updates = self.take(pending, &Self::decide)?;
        self.remember(&updates)
    }

    /// Reads the feed to its end. Files are written as they arrive; deletions wait until all are known,
    /// since too many of them need a word, and until then the cursor stays.
    fn follow(&mut self, since: &str) -> Result<(), SyncError> {
        let (mut cursor, mut deletions) = (since.to_owned(), Vec::new());
        let mut arrived = HashSet::new();
        let mut feed = Feed::new(self.remote, since, true);
        let mut next = pages(&mut feed);
        while let Some(page) = next {
            let page = page?;
            let (puts, deleted) = self.selected(page.changes);
            self.note_leaving(&deleted);
            arrived.extend(puts.iter().filter_map(|put| put.checksum.clone()));
            deletions.extend(deleted);
            cursor = page.cursor;
            let taken;
            (taken, next) = read_ahead(&mut feed, || self.take(puts, &Self::decide));
            let updates = taken?;
            if deletions.is_empty() {
                self.state.write(&updates, Some(&cursor))?
            } else {
                self.remember(&updates)?
            }
        }
        if deletions.is_empty() {
            return Ok(());
        }
        let updates = self.take_deletions(deletions, &arrived, &Self::decide)?;
        self.state.write(&updates, Some(&cursor))?;
        // A name that was in the way may be free now.
        self.take_pending()
    }

    /// Takes deletions, unless they are so many that a person must say that they were meant. A file that
    /// arrived under another name was not deleted.
    pub(super) fn take_deletions(
        &mut self,
        deletions: Vec<Change>,
        arrived: &HashSet<String>,
        judge: &dyn Fn(&Self, &Change) -> Decision,
    ) -> Result<Vec<Update>, SyncError> {
        self.find_unedited(&deletions)?;
        let is_removed = |change: &&Change| judge(self, change) == Decision::Remove;
        let removed = deletions.iter().filter(is_removed);
        let gone = Gone::there(&self.scan, removed, arrived);
        let answer = self.options.answer;
        if answer == Answer::BringBack {
            return self.keep(&gone, deletions, judge);
        }
        let open = |state: &State, answered: &_| gone_there(&gone, state, answered);
        ask(&gone, self.state, Side::There, answer, open)?;
        self.take(deletions, judge)
    }

    /// Takes deletions, except of files that were not meant to be deleted: they go up again.
    fn keep(
        &mut self,
        gone: &Gone,
        deletions: Vec<Change>,
        judge: &dyn Fn(&Self, &Change) -> Decision,
    ) -> Result<Vec<Update>, SyncError> {
        let kept: HashSet<&String> = gone.paths.iter().collect();
        for path in &gone.paths {
            self.keep_unedited(path);
        }
        self.take(deletions, &|round, change| {
            if kept.contains(&change.path) {
                Decision::Keep
            } else {
                judge(round, change)
            }
        })
    }

    /// The changes that concern this folder: files, and deletions.
    pub(super) fn selected(&self, changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
        let selected = changes.into_iter();
        let selected = selected.filter(|change| self.folder.selection.has_file(&change.path));
        selected.partition(|change| change.checksum.is_some())
    }

    /// Writes updates and leaves the cursor where it is.
    pub(super) fn remember(&mut self, updates: &[Update]) -> Result<(), SyncError> {
        let cursor = self.state.cursor()?;
        self.state.write(updates, cursor.as_deref())
    }
}
