//! Notices what is saved in a folder.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::Folder;

/// Watches `.kamiflow` as long as it lives.
pub struct LocalWatch {
    _watcher: RecommendedWatcher,
}

impl LocalWatch {
    /// Calls `saved` when something below `.kamiflow` may have changed, but for what the programs
    /// themselves remember there.
    pub fn start(folder: &Folder, saved: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let memory = folder.memory();
        let kamiflow = folder.kamiflow();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error may hide a change.
            if event.map_or(true, |event| is_save(&event, &memory)) {
                saved();
            }
        })?;
        watcher.watch(&kamiflow, RecursiveMode::Recursive)?;
        Ok(Self { _watcher: watcher })
    }
}

/// Whether files may be others than before.
fn is_save(event: &Event, memory: &Path) -> bool {
    let is_own = |path: &PathBuf| path.starts_with(memory);
    let is_read = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    };
    event.need_rescan() || !(is_read || (!event.paths.is_empty() && event.paths.iter().all(is_own)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn saves_are_told_and_neither_reads_nor_what_is_remembered() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        fs::create_dir_all(folder.memory()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::write(folder.place("ideas/a.md"), "a").unwrap();
        let (sender, told) = channel();
        let _watch = LocalWatch::start(&folder, move || _ = sender.send(())).unwrap();
        fs::write(folder.database(), "x").unwrap();
        fs::read(folder.place("ideas/a.md")).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
        fs::create_dir(folder.place("ideas/new")).unwrap();
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        // Its folder may not be watched yet, but then the next look finds it.
        std::thread::sleep(Duration::from_millis(300));
        while told.try_recv().is_ok() {}
        fs::write(folder.place("ideas/new/b.md"), "b").unwrap();
        told.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
