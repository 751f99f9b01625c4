//! One round of a command.

use anyhow::Result;

use super::device;
use super::progress::Bar;
use super::say::note;
use crate::absence::Answer;
use crate::config::Folder;
use crate::error::SyncError;
use crate::remote::Version;
use crate::report::Report;
use crate::round::{Options, Session};
use crate::transport::Project;

/// Brings a folder and its project in sync.
pub fn once(folder: Folder, project: &Project, answer: Answer) -> Result<Report> {
    sync(open(folder)?, project, answer)
}

/// Takes a folder for this program, and says what is odd with what was remembered of it.
pub fn open(folder: Folder) -> Result<Session, SyncError> {
    let session = Session::open(folder)?;
    if session.is_from_elsewhere() {
        note(
            "kamisync: The sync state in .kamiflow/.sync belongs to another folder or to a backup: it is discarded, and all \
             files are compared again. Leave .kamiflow/.sync out of other programs that sync the folder.",
        );
    }
    Ok(session)
}

fn sync(mut session: Session, project: &Project, answer: Answer) -> Result<Report> {
    let bar = Bar::new();
    let options = Options {
        device: &device::name(),
        answer,
        progress: &bar,
    };
    let report = session.sync(project, &options);
    bar.clear();
    Ok(report?)
}

/// A round that writes the newest version of a file which is missing here.
pub fn round_with(folder: Folder, project: &Project, path: &str, newest: &Version) -> Result<()> {
    let mut session = open(folder)?;
    session.bring_back(path, newest)?;
    sync(session, project, Answer::None).map(drop)
}

/// A round after a command has changed something. Where another program works in the folder, that one does it.
pub fn round_after(folder: Folder, project: &Project) -> Result<()> {
    match once(folder, project, Answer::None) {
        Err(error) if matches!(error.downcast_ref(), Some(SyncError::Locked(_))) => {
            note("kamisync: Another kamisync works in this folder, and does the rest.");
            Ok(())
        }
        report => report.map(drop),
    }
}
