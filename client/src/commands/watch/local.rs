//! Notices what is saved in a folder.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::Folder;
use crate::names;
use crate::scan::Touched;

/// Watches `.kamiflow` as long as it lives.
pub struct LocalWatch {
    _watcher: RecommendedWatcher,
}

impl LocalWatch {
    /// Tells what may have changed of what is synced, or of what says what is.
    pub fn start(
        folder: &Folder,
        saved: impl Fn(Touched) + Send + 'static,
    ) -> notify::Result<Self> {
        let synced = Synced::of(folder)?;
        let places = synced.watched();
        let heard = move |event| _ = touched(event, &synced).map(&saved);
        // A link may lead to the whole disk, and what is behind it is not synced.
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(heard, config)?;
        for place in places {
            watch(&mut watcher, &place)?;
        }
        Ok(Self { _watcher: watcher })
    }
}

/// Watches a folder with all in it. A folder in it that cannot be read, or is gone by now, keeps nothing beside it
/// from being watched; the folders above it are watched by then.
fn watch(watcher: &mut impl Watcher, place: &Path) -> notify::Result<()> {
    let failed = match watcher.watch(place, RecursiveMode::Recursive) {
        Err(error) if is_of_folder(&error) => error,
        watched => return watched,
    };
    let entries = place.read_dir().map_err(|_| failed)?.flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for folder in folders {
        match watch(watcher, &folder.path()) {
            Err(error) if is_of_folder(&error) => {}
            watched => watched?,
        }
    }
    Ok(())
}

fn is_of_folder(error: &notify::Error) -> bool {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => matches!(error.kind(), NotFound | PermissionDenied),
        _ => false,
    }
}

/// The places of a folder that matter, as the system names them in events.
struct Synced {
    kamiflow: PathBuf,
    /// Those below `.kamiflow`, with their paths on the wire.
    places: Vec<(PathBuf, String)>,
    /// Where categories are that are links themselves, which are synced.
    links: Vec<(PathBuf, String)>,
}

impl Synced {
    fn of(folder: &Folder) -> io::Result<Self> {
        let kamiflow = folder.kamiflow().canonicalize()?;
        let names = folder.selection.categories().iter().map(String::as_str);
        let places = names.chain([".kamiignore"]);
        let places: Vec<_> = places
            .map(|name| (kamiflow.join(name), name.to_owned()))
            .collect();
        let links = places.iter().filter(|(place, _)| place.is_symlink());
        let links =
            links.filter_map(|(place, name)| Some((place.canonicalize().ok()?, name.clone())));
        Ok(Self {
            links: links.collect(),
            kamiflow,
            places,
        })
    }

    fn watched(&self) -> Vec<PathBuf> {
        let links = self.links.iter().map(|(place, _)| place.clone());
        std::iter::once(self.kamiflow.clone())
            .chain(links)
            .collect()
    }

    /// Other paths below `.kamiflow` are not synced; those elsewhere are of a category that is a link.
    fn has(&self, place: &Path) -> bool {
        let is_below = |(above, _): &(PathBuf, String)| place.starts_with(above);
        place == self.kamiflow
            || !place.starts_with(&self.kamiflow)
            || self.places.iter().any(is_below)
    }

    /// The path on the wire of a file; none of what may be more than a file.
    fn path(&self, place: &Path) -> Option<String> {
        let mut above = self.places.iter().chain(&self.links);
        let (name, rest) =
            above.find_map(|(above, name)| Some((name, place.strip_prefix(above).ok()?)))?;
        let names = rest.components().map(|name| name.as_os_str().to_str());
        let names: Vec<&str> = names.collect::<Option<_>>()?;
        let is_file = !names.is_empty() && !place.is_dir();
        is_file.then(|| format!("{name}/{}", names.join("/")))
    }
}

/// What may be another than before, if anything.
fn touched(event: notify::Result<Event>, synced: &Synced) -> Option<Touched> {
    let event = match event {
        Ok(event) if !event.need_rescan() => event,
        // A change may be hidden.
        _ => return Some(Touched::Anything),
    };
    if is_read(event.kind) {
        return None;
    }
    let places = event.paths.iter();
    let places = places.filter(|place| synced.has(place) && !is_own(place));
    let places: Vec<&PathBuf> = places.collect();
    if places.is_empty() {
        event.paths.is_empty().then_some(Touched::Anything)
    } else {
        let paths = places.into_iter().map(|place| synced.path(place));
        Some(paths.collect::<Option<_>>().unwrap_or(Touched::Anything))
    }
}

/// Temporary files of a round are no sign of a change. One that cannot write a file would be its own sign, for ever.
fn is_own(place: &Path) -> bool {
    let name = place.file_name().and_then(OsStr::to_str);
    name.is_some_and(names::is_leftover)
}

fn is_read(kind: EventKind) -> bool {
    let is_written = kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    kind.is_access() && !is_written
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn path(path: &str) -> Touched {
        [path.to_owned()].into_iter().collect()
    }

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
        fs::create_dir_all(folder.state_folder()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::write(folder.place("ideas/a.md"), "a").unwrap();
        let (sender, told) = channel();
        let _watch = LocalWatch::start(&folder, move |touched| _ = sender.send(touched)).unwrap();
        fs::write(folder.database(), "x").unwrap();
        fs::create_dir(folder.place("other")).unwrap();
        fs::write(folder.place("other/a.md"), "a").unwrap();
        fs::read(folder.place("ideas/a.md")).unwrap();
        // A round that cannot write a file tries it again with each sign, and must not be its own.
        let temporary = folder.place("ideas/.kamisync-1-2-3.tmp");
        fs::write(&temporary, "b").unwrap();
        fs::remove_file(&temporary).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
        fs::create_dir(folder.place("ideas/new")).unwrap();
        let touched = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(touched, Touched::Anything);
        // Its folder may not be watched yet, but then the next look finds it.
        std::thread::sleep(Duration::from_millis(300));
        while told.try_recv().is_ok() {}
        fs::write(folder.place("ideas/new/b.md"), "b").unwrap();
        let touched = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(touched, path("ideas/new/b.md"));
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
        let _watch = LocalWatch::start(&folder, move |touched| _ = sender.send(touched)).unwrap();
        fs::write(other.join("a.md"), "a").unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
        fs::write(category.join("a.md"), "a").unwrap();
        let touched = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(touched, path("ideas/a.md"));
    }
}
