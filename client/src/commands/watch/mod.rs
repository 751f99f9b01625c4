//! `watch`: keeps folders in sync until the program is stopped. It may be killed at any moment, since a
//! round may.

mod folder;
mod local;
mod places;
mod schedule;
mod sight;
mod spare_memory;
mod voice;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;

use anyhow::Result;

use super::exit::{Done, usage};
use super::open;
use crate::cli::WatchArgs;
use crate::config::Folder;
use folder::Watched;

/// What Rust exits with when its main thread panics.
const PANICKED: i32 = 101;

/// Watches each folder in a thread of its own.
pub fn run(args: &WatchArgs) -> Result<Done> {
    end_with_any_thread();
    spare_memory::share();
    let folders = args.folders.iter().map(PathBuf::as_path).map(Some);
    let mut folders: Vec<_> = folders.collect();
    if folders.is_empty() {
        folders.push(None);
    }
    let folders = folders.into_iter().map(open::folder);
    let folders: Vec<Folder> = folders.collect::<Result<_>>()?;
    folders.iter().try_for_each(require_there)?;
    each_once(&folders)?;
    // A folder that is not linked, or in use, is reported before any is watched.
    let watched = folders.iter().map(Watched::open);
    let watched: Vec<Watched> = watched.collect::<Result<_>>()?;
    thread::scope(|scope| {
        for watched in watched {
            scope.spawn(move || watched.run());
        }
    });
    Ok(Done::InStep)
}

/// The disk of a folder may come later. This is no mistake on the command line, after which a service would not try again.
fn require_there(folder: &Folder) -> Result<()> {
    let (root, kamiflow) = (folder.root.display(), folder.kamiflow());
    anyhow::ensure!(
        kamiflow.exists(),
        "There is no .kamiflow in {root}: run `kamisync link URL` there, or wait for its disk."
    );
    Ok(())
}

/// The lock would tell of another program, which is this one.
fn each_once(folders: &[Folder]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for folder in folders {
        let root = folder.root.canonicalize();
        if !seen.insert(root.unwrap_or_else(|_| folder.root.clone())) {
            let root = folder.root.display();
            return Err(usage(format!(
                "{root} is named twice: name each folder once."
            )));
        }
    }
    Ok(())
}

/// Without this, a folder whose thread panics would silently fall behind while the others continue. A service starts the
/// program again.
fn end_with_any_thread() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(PANICKED);
    }));
}
