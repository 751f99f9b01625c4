//! One round in both directions: look, pull, merge, push.
//!
//! The order is what makes it safe to end anywhere: first the disk or the server, then what is
//! remembered. The cursor goes on only when everything before it is on the disk, or remembered as pending.
//!
//! * `prepare`, `ask` — what is here, and whether so much is gone that a person must be asked
//! * `pull`, `compare`, `pages` — changes of the server, by the feed or by comparing everything
//! * `take`, `steps`, `content`, `carry_out` — put changes of the server on the disk
//! * `merge` — two edits of one file
//! * `push`, `part`, `refused` — changes of this folder
//! * `preview` — what a round would do

mod ask;
mod carry_out;
mod compare;
mod content;
mod merge;
mod pages;
mod part;
mod prepare;
mod preview;
mod pull;
mod push;
mod refused;
mod steps;
mod take;

pub use preview::preview;

use std::collections::BTreeMap;

use crate::apply::{Disk, Old, sweep};
use crate::config::Folder;
use crate::error::SyncError;
use crate::lock::Lock;
use crate::memory;
use crate::remote::Remote;
use crate::report::{Left, Progress, Report};
use crate::scan::Scan;
use crate::state::State;

/// How often a round starts over when others change the server or the disk meanwhile. Then the next round
/// goes on.
const TRIES: u32 = 8;

/// How often a round looks at the whole folder again because files were moved under its hands.
const LOOKS: u32 = 2;

/// How a round is done.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The name of this device, for conflict copies.
    pub device: &'a str,
    /// A person has said that what is gone was meant to be deleted.
    pub accept_deletions: bool,
    /// Hears how far the round is.
    pub progress: &'a dyn Progress,
}

/// A folder in which this program alone works.
pub struct Session {
    folder: Folder,
    state: State,
    _lock: Lock,
}

impl Session {
    /// Takes the lock of a folder and opens what is remembered of it.
    pub fn open(folder: Folder) -> Result<Self, SyncError> {
        let memory = folder.memory();
        memory::prepare(&memory)?;
        let lock = Lock::take(&memory)?;
        let state = State::open(&folder)?;
        Ok(Self {
            folder,
            state,
            _lock: lock,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where the change feed goes on; none before the first complete round.
    pub fn cursor(&self) -> Result<Option<String>, SyncError> {
        self.state.cursor()
    }

    /// One round. After an error, what was done until then is done, and the next round goes on.
    pub fn sync(&mut self, remote: &dyn Remote, options: &Options) -> Result<Report, SyncError> {
        let mut round = Round::begin(&self.folder, &mut self.state, remote, *options)?;
        round.run()?;
        Ok(round.report())
    }
}

/// A round.
struct Round<'a> {
    folder: &'a Folder,
    disk: Disk<'a>,
    state: &'a mut State,
    remote: &'a dyn Remote,
    options: Options<'a>,
    /// What is here; kept right while files are written.
    scan: Scan,
    /// A file was no longer what the scan had seen when it was to go up: it may have another name now.
    is_outdated: bool,
    /// What becomes of files that the server replaces.
    old: Old,
    /// What the server did not take, each with the reason.
    refused: BTreeMap<String, String>,
    /// The most that a push may have, where the server or a proxy before it takes less than it says.
    max_body: Option<u64>,
    report: Report,
}

impl Round<'_> {
    fn run(&mut self) -> Result<(), SyncError> {
        let mut looks = 0;
        for _ in 0..TRIES {
            self.pull()?;
            let is_settled = self.push()?;
            if std::mem::take(&mut self.is_outdated) && looks < LOOKS {
                looks += 1;
                self.look_at_all_again()?;
            } else if is_settled && self.is_alone()? {
                break;
            }
        }
        self.tell_what_is_left();
        sweep(&self.disk)
    }

    /// What was done, and what was left.
    fn report(self) -> Report {
        let pending = self.state.pending.iter();
        let pending = pending.map(|(path, pending)| (path.clone(), pending.reason.clone()));
        let left = pending.chain(self.scan.odd).chain(self.refused);
        let left: BTreeMap<String, String> = left.collect();
        let left = left.into_iter().map(|(path, reason)| Left { path, reason });
        Report {
            left: left.collect(),
            ..self.report
        }
    }
}
