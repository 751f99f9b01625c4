//! A folder in which rounds are done, one after the other.

use super::bring_back::bring_back_one;
use super::{News, Options, Round};
use crate::apply::Disk;
use crate::config::Folder;
use crate::error::{At, SyncError};
use crate::lock::Lock;
use crate::remote::{BEGINNING, Remote, Version};
use crate::report::{Phase, Report};
use crate::scan::{Scan, Touched};
use crate::state::State;
use crate::state_folder;

/// A folder in which this program alone works.
pub struct Session {
    folder: Folder,
    state: State,
    /// What was here at the end of the last round, if that did all.
    seen: Option<Scan>,
    _lock: Lock,
}

impl Session {
    /// Takes the lock of a folder and opens what is remembered of it.
    pub fn open(mut folder: Folder) -> Result<Self, SyncError> {
        let state_folder = folder.state_folder();
        state_folder::prepare(&state_folder)?;
        let lock = Lock::take(&state_folder)?;
        folder.remember().at(&state_folder)?;
        let state = State::open(&folder)?;
        Ok(Self {
            folder,
            state,
            seen: None,
            _lock: lock,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether what was remembered was of another folder, and is forgotten.
    pub fn is_from_elsewhere(&self) -> bool {
        self.state.is_from_elsewhere()
    }

    /// Where the change feed continues; none before the first complete round.
    pub fn cursor(&self) -> Result<Option<String>, SyncError> {
        self.state.cursor()
    }

    /// The project is begun with what will be saved in this folder, if it is empty: there is nothing to compare.
    pub fn begin_project(&mut self) -> Result<(), SyncError> {
        let scan = Scan::of(&self.folder, self.state.contents());
        if scan.files.is_empty() && self.state.entries.is_empty() {
            self.state.set_cursor(Some(BEGINNING))?;
        }
        Ok(())
    }

    /// The next round writes this version of a file, the newest, which is missing here.
    pub fn bring_back(&mut self, path: &str, version: &Version) -> Result<(), SyncError> {
        bring_back_one(path, version, &mut self.state)
    }

    /// One round. After an error, what was done until then is done, and the next round continues.
    pub fn sync(&mut self, remote: &dyn Remote, options: &Options) -> Result<Report, SyncError> {
        self.sync_news(remote, options, &News::unknown())
    }

    /// One round, when no more than this may be new since the last one.
    pub fn sync_news(
        &mut self,
        remote: &dyn Remote,
        options: &Options,
        news: &News,
    ) -> Result<Report, SyncError> {
        options.progress.begin(Phase::Scan, None);
        let state_folder = self.folder.state_folder();
        state_folder::prepare_again(&state_folder)?;
        let _lock = Lock::to_change_files(&state_folder)?;
        let disk = Disk::of(&self.folder)?;
        let scan = look(&disk, &self.state, self.seen.take(), &news.here);
        let mut round = Round::begin(disk, &mut self.state, remote, *options, scan)?;
        let ended = round.run(news.there);
        let (report, scan) = round.end();
        match ended {
            Ok(()) => {
                self.seen = Some(scan);
                Ok(report)
            }
            Err(SyncError::Question(question, _)) => {
                Err(SyncError::Question(question, Box::new(report)))
            }
            Err(error) => Err(error),
        }
    }
}

/// What is here now.
fn look(disk: &Disk, state: &State, seen: Option<Scan>, touched: &Touched) -> Scan {
    let (folder, contents) = (disk.folder, state.contents());
    match (seen, touched) {
        // Where two names may be one file, more than the named path may have changed.
        (Some(seen), Touched::Paths(paths)) if !paths.iter().any(|path| disk.may_fold(path)) => {
            seen.next(folder, contents, disk.now, paths)
        }
        _ => Scan::since(folder, contents, disk.now),
    }
}
