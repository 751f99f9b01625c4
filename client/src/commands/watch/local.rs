//! Notices what is saved in a folder.

use std::io;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::Folder;

/// Watches `.kamiflow` as long as it lives.
pub struct LocalWatch {
    _watcher: RecommendedWatcher,
}

impl LocalWatch {
    /// Calls `saved` when something that is synced, or says what is, may have changed.
    pub fn start(folder: &Folder, saved: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let synced = Synced::of(folder)?;
        let places = synced.watched();
        let heard = move |event: notify::Result<Event>| {
            // An error may hide a change.
            if event.map_or(true, |event| is_save(&event, &synced)) {
                saved();
            }
        };
        // A link may lead to the whole disk, and what is behind it is not synced.
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(heard, config)?;
        for place in places {
            watcher.watch(&place, RecursiveMode::Recursive)?;
        }
        Ok(Self { _watcher: watcher })
    }
}

/// The places of a folder that matter, as the system names them in events.
struct Synced {
    kamiflow: PathBuf,
    /// Those below `.kamiflow`.
    places: Vec<PathBuf>,
}

impl Synced {
    fn of(folder: &Folder) -> io::Result<Self> {
        let kamiflow = folder.kamiflow().canonicalize()?;
        let names = folder.selection.categories().iter().map(String::as_str);
        let places = names.chain([".kamiignore"]).map(|name| kamiflow.join(name));
        let places = places.collect();
        Ok(Self { kamiflow, places })
    }

    /// `.kamiflow`, and the categories that are links themselves, which are synced.
    fn watched(&self) -> Vec<PathBuf> {
        let links = self.places.iter().filter(|place| place.is_symlink());
        let links = links.filter_map(|place| place.canonicalize().ok());
        std::iter::once(self.kamiflow.clone())
            .chain(links)
            .collect()
    }

    /// Other paths below `.kamiflow` are not synced; those elsewhere are of a category that is a link.
    fn has(&self, path: &Path) -> bool {
        path == self.kamiflow
            || !path.starts_with(&self.kamiflow)
            || self.places.iter().any(|place| path.starts_with(place))
    }
}

/// Whether files may be others than before.
fn is_save(event: &Event, synced: &Synced) -> bool {
    let is_read = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    };
    let paths = &event.paths;
    let is_there = paths.is_empty() || paths.iter().any(|path| synced.has(path));
    event.need_rescan() || (!is_read && is_there)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn saves_are_told_and_neither_reads_nor_what_is_not_synced() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        fs::create_dir(&real).unwrap();
        // The way to the folder may lead over a link.
        #[cfg(unix)]
        let real = {
            let link = root.path().join("link");
            std::os::unix::fs::symlink(&real, &link).unwrap();
            link
        };
        let folder = Folder::open(&real).unwrap();
        fs::create_dir_all(folder.memory()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::write(folder.place("ideas/a.md"), "a").unwrap();
        let (sender, told) = channel();
        let _watch = LocalWatch::start(&folder, move || _ = sender.send(())).unwrap();
        fs::write(folder.database(), "x").unwrap();
        fs::create_dir(folder.place("other")).unwrap();
        fs::write(folder.place("other/a.md"), "a").unwrap();
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

    #[cfg(unix)]
    #[test]
    fn a_category_may_be_a_link_and_other_links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = Folder::open(root.path()).unwrap();
        let (category, other) = (
            elsewhere.path().join("ideas"),
            elsewhere.path().join("other"),
        );
        for place in [&folder.place("tasks"), &category, &other] {
            fs::create_dir_all(place).unwrap();
        }
        symlink(&category, folder.place("ideas")).unwrap();
        symlink(&other, folder.place("tasks/other")).unwrap();
        let (sender, told) = channel();
        let _watch = LocalWatch::start(&folder, move || _ = sender.send(())).unwrap();
        fs::write(other.join("a.md"), "a").unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
        fs::write(category.join("a.md"), "a").unwrap();
        told.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
