//! A server whose change feed never ends.

use std::sync::atomic::{AtomicU32, Ordering};

use kamisync::error::SyncError;
use kamisync::remote::{BEGINNING, Page, Remote, RemoteError};
use support::Host;

use crate::device::Device;
use crate::pass_on::pass_on;

/// What each page has, of which more are said to follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// The cursor that was asked for.
    SameCursor,
    /// Another cursor, and no changes.
    Empty,
    /// All changes again, and in turn the cursor behind and before them.
    Again,
}

struct Endless<'a> {
    inner: &'a dyn Remote,
    pages: Pages,
    /// How many pages are as they should be.
    sound: u32,
    asked: AtomicU32,
}

impl<'a> Endless<'a> {
    fn of(device: &'a Device, pages: Pages) -> Self {
        Self {
            inner: device.remote(),
            pages,
            sound: 0,
            asked: 0.into(),
        }
    }
}

impl Endless<'_> {
    fn inner(&self) -> &dyn Remote {
        self.inner
    }
}

impl Remote for Endless<'_> {
    pass_on!(limits totals is_deleted push diff content history);

    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(asked < 100, "it asks for ever");
        if asked < self.sound {
            return self.inner.changes(since, content);
        }
        let mut page = match self.pages {
            Pages::SameCursor => self.inner.changes(since, content)?,
            Pages::Empty => Page::default(),
            Pages::Again => self.inner.changes(BEGINNING, content)?,
        };
        page.cursor = match self.pages {
            Pages::SameCursor => since.to_owned(),
            Pages::Empty => format!("cursor {asked}"),
            Pages::Again if since == BEGINNING => page.cursor,
            Pages::Again => BEGINNING.to_owned(),
        };
        page.has_more = true;
        Ok(page)
    }
}

fn assert_told(result: Result<impl std::fmt::Debug, SyncError>) {
    let error = result.unwrap_err();
    let is_endless = matches!(error, SyncError::Remote(RemoteError::Endless(_)));
    assert!(is_endless, "{error}");
}

/// A server with a file of another device.
fn host() -> (Host, Device) {
    let host = Host::start();
    let other = Device::new(&host, "other");
    other.write("ideas/theirs.md", "theirs");
    other.sync();
    (host, other)
}

#[test]
fn a_feed_that_never_ends_is_told_and_nothing_is_changed() {
    let (host, other) = host();
    for pages in [Pages::SameCursor, Pages::Empty, Pages::Again] {
        let a = Device::new(&host, "a");
        let way = Endless::of(&a, pages);
        // Everything is read, then everything is compared.
        for text in [None, Some("mine"), Some("mine")] {
            if let Some(text) = text {
                a.write("ideas/mine.md", text);
            }
            way.asked.store(0, Ordering::Relaxed);
            assert_told(a.try_sync(&way, false));
            // What came before it was seen is there, and whole.
            let is_there = a.read("ideas/theirs.md").is_some();
            assert!(!is_there || pages == Pages::Again);
        }
        assert_told(kamisync::round::preview(&a.folder(), &way, "a"));
        assert_eq!(host.client().status("p")["fileCount"], 1);
        // With a cursor, the feed is followed from there.
        let b = Device::new(&host, "b");
        b.sync();
        let before = b.files();
        other.write("ideas/theirs.md", &format!("edited after {before:?}"));
        other.sync();
        assert_told(b.try_sync(&Endless::of(&b, pages), false));
        assert!(b.files() == before || pages == Pages::Again);
        b.sync();
        assert_eq!(b.files(), other.files());
    }
}

#[test]
fn what_was_stored_before_the_feed_never_ended_is_remembered() {
    let (host, other) = host();
    let a = Device::new(&host, "a");
    a.sync();
    a.write("ideas/mine.md", "mine");
    other.write("ideas/theirs.md", "edited");
    let way = Endless {
        sound: 1,
        ..Endless::of(&a, Pages::Empty)
    };
    let meanwhile = crate::lossy::Lossy {
        inner: &way,
        meanwhile: &|| _ = other.sync(),
        ..crate::lossy::Lossy::of(&a)
    };
    assert_told(a.try_sync(&meanwhile, false));
    assert_eq!(host.client().status("p")["fileCount"], 2);
    let report = a.sync();
    assert_eq!((report.uploaded.len(), report.downloaded.len()), (0, 1));
}
