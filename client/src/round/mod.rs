//! One round in both directions: look, pull, merge, push.
//!
//! The order is what makes it safe to end anywhere: first the disk or the server, then what is
//! remembered. The cursor continues only when everything before it is on the disk, or remembered as pending.
//!
//! * `session`, `news` — the folder, and what is new in it, from one round to the next
//! * `prepare`, `ask`, `disks` — what is here, and whether so much is gone that a person must be asked
//! * `leftovers` — what a round that was killed has left
//! * `bring_back` — the other answer than that it was meant
//! * `pull`, `compare`, `pages` — changes of the server, by the feed or by comparing everything
//! * `take`, `steps`, `content`, `carry_out` — put changes of the server on the disk
//! * `merge` — two edits of one file
//! * `unedited` — texts here that were sent or taken, which was not remembered
//! * `push`, `send`, `part`, `refused` — changes of this folder
//! * `sent` — what was sent and may have been stored
//! * `alone`, `own` — what others stored meanwhile
//! * `listing` — what the server has, and what it says of the files here
//! * `preview`, `expected` — what a round would do

mod alone;
mod ask;
mod bring_back;
mod carry_out;
mod compare;
mod content;
mod disks;
mod expected;
mod leftovers;
mod listing;
mod merge;
mod news;
mod own;
mod pages;
mod part;
mod prepare;
mod preview;
mod pull;
mod push;
mod refused;
mod send;
mod sent;
mod session;
mod steps;
mod take;
mod unedited;

pub use news::News;
pub use preview::preview;
pub use session::Session;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::absence::Answer;
use crate::apply::{Disk, Old, sweep};
use crate::config::Folder;
use crate::error::SyncError;
use crate::remote::Remote;
use crate::report::{Left, Progress, Report};
use crate::scan::Scan;
use crate::state::{Said, State};
use own::OwnPushes;

/// How often a round starts over when others change the server or the disk meanwhile. Then the next round
/// continues.
const TRIES: u32 = 8;

/// How often a round looks at the whole folder again because files were moved under its hands.
const LOOKS: u32 = 2;

/// How a round is done.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The name of this device, for conflict copies.
    pub device: &'a str,
    /// What a person has said about files that are gone.
    pub answer: Answer,
    /// Hears how far the round is.
    pub progress: &'a dyn Progress,
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
    /// Contents that other devices took away from a path here, each with it: the file may have another name now.
    leaving: HashMap<String, String>,
    /// Files that were deleted elsewhere and are not as they were in the last round: the content that was looked up, and
    /// whether the server has had it.
    unedited: HashMap<String, (String, bool)>,
    /// What the server did not take, each with the reason.
    refused: BTreeMap<String, String>,
    /// Files of which the server has said, or says by its limits, that it does not take them at their place.
    untakable: BTreeSet<String>,
    said: BTreeMap<String, Said>,
    /// The most that a push may have, where the server or a proxy before it takes less than it says.
    max_body: Option<u64>,
    own: OwnPushes,
    report: Report,
}

impl Round<'_> {
    fn run(&mut self, mut has_news: bool) -> Result<(), SyncError> {
        let mut looks = 0;
        for _ in 0..TRIES {
            if has_news {
                self.pull_or_send()?
            } else {
                self.take_pending()?
            }
            has_news = true;
            let is_settled = self.push()?;
            if std::mem::take(&mut self.is_outdated) && looks < LOOKS {
                looks += 1;
                self.look_at_all_again()?;
            } else if is_settled && self.is_alone()? {
                break;
            }
        }
        self.tell_what_is_left()?;
        self.state.forget_asked()?;
        sweep(&self.disk);
        Ok(())
    }

    /// What others deleted waits for an answer. What was saved here does not: it may be on this device alone.
    fn pull_or_send(&mut self) -> Result<(), SyncError> {
        let pulled = self.pull();
        if matches!(pulled, Err(SyncError::Question(..))) {
            self.push()?;
        }
        pulled
    }

    /// What was done, what was left, and what is here now.
    fn end(self) -> (Report, Scan) {
        let pending = self.state.pending.iter();
        let pending = pending.map(|(path, pending)| (path.clone(), pending.reason.clone()));
        let odd = self.scan.odd.clone();
        let left: BTreeMap<String, String> = pending.chain(odd).chain(self.refused).collect();
        let left = left.into_iter().map(|(path, reason)| Left { path, reason });
        let report = Report {
            left: left.collect(),
            unread: self.scan.closed.clone(),
            ..self.report
        };
        (report, self.scan)
    }
}
