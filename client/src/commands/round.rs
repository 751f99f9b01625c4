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

/// Brings a folder and its project in step.
pub fn once(folder: Folder, project: &Project, answer: Answer) -> Result<Report> {
    sync(Session::open(folder)?, project, answer)
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
    let mut session = Session::open(folder)?;
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
