//! `watch`: keeps folders in step until the program is stopped. It may be killed at any moment, since a
//! round may.

mod folder;
mod local;
mod schedule;
mod sight;
mod voice;

use std::path::PathBuf;
use std::thread;

use anyhow::Result;

use super::exit::Done;
use super::open;
use crate::cli::WatchArgs;
use folder::Watched;

/// Watches each folder in a thread of its own.
pub fn run(args: &WatchArgs) -> Result<Done> {
    let folders = args.folders.iter().map(PathBuf::as_path).map(Some);
    let mut folders: Vec<_> = folders.collect();
    if folders.is_empty() {
        folders.push(None);
    }
    // A folder that is not linked, or in use, is told before any is watched.
    let watched = folders
        .into_iter()
        .map(|named| Watched::open(open::folder(named)?));
    let watched: Vec<Watched> = watched.collect::<Result<_>>()?;
    thread::scope(|scope| {
        for watched in watched {
            scope.spawn(move || watched.run());
        }
    });
    Ok(Done::InStep)
}
