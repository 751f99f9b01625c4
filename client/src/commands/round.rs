//! One round of a command.

use anyhow::Result;

use super::device;
use super::progress::Bar;
use super::say::note;
use crate::config::Folder;
use crate::error::SyncError;
use crate::report::Report;
use crate::round::{Options, Session};
use crate::transport::Project;

/// Brings a folder and its project in step.
pub fn once(folder: Folder, project: &Project, accept_deletions: bool) -> Result<Report> {
    let bar = Bar::new();
    let options = Options {
        device: &device::name(),
        accept_deletions,
        progress: &bar,
    };
    let report = Session::open(folder)?.sync(project, &options);
    bar.clear();
    Ok(report?)
}

/// A round after a command has changed something. Where another program works in the folder, that one does it.
pub fn round_after(folder: Folder, project: &Project) -> Result<()> {
    match once(folder, project, false) {
        Err(error) if matches!(error.downcast_ref(), Some(SyncError::Locked(_))) => {
            note("kamisync: Another kamisync works in this folder, and does the rest.");
            Ok(())
        }
        report => report.map(drop),
    }
}
