//! A way to the server on which things go wrong.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kamisync::remote::{Limits, Page, Push, Pushed, Remote, RemoteError, Rev};

use crate::device::Device;
use crate::pass_on::pass_on;

/// A way to the server on which the answer to the push number `lost` is lost, contents are damaged, or no more
/// pages come.
pub struct Lossy<'a> {
    pub inner: &'a dyn Remote,
    pub pages_left: AtomicU32,
    pub lost: u32,
    pub pushes: AtomicU32,
    /// How many pushes are on their way, and how many there were at most.
    pub on_their_way: AtomicU32,
    pub most_on_their_way: AtomicU32,
    /// Whether the last one has a deletion.
    pub has_deletion: AtomicBool,
    /// How long a push takes to the server.
    pub way: Duration,
    /// The file whose content arrives damaged in pages, and alone, too.
    pub damages: Option<&'a str>,
    pub damages_alone: bool,
    /// No push gets to the server.
    pub is_cut: bool,
    /// What a person does after the round has looked at the folder, and before it sends anything.
    pub meanwhile: &'a (dyn Fn() + Sync),
}

impl<'a> Lossy<'a> {
    /// Nothing is lost on it.
    pub fn of(device: &'a Device) -> Self {
        Self {
            inner: device.remote(),
            pages_left: u32::MAX.into(),
            lost: 0,
            pushes: 0.into(),
            on_their_way: 0.into(),
            most_on_their_way: 0.into(),
            has_deletion: false.into(),
            way: Duration::ZERO,
            damages: None,
            damages_alone: false,
            is_cut: false,
            meanwhile: &|| {},
        }
    }
}

impl Lossy<'_> {
    fn inner(&self) -> &dyn Remote {
        self.inner
    }
}

impl Remote for Lossy<'_> {
    pass_on!(totals is_deleted diff history);

    fn limits(&self) -> Result<Limits, RemoteError> {
        (self.meanwhile)();
        self.inner.limits()
    }

    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError> {
        let left = self.pages_left.load(Ordering::Relaxed).checked_sub(1);
        let left = left.ok_or_else(|| RemoteError::Offline("the connection broke".to_owned()))?;
        self.pages_left.store(left, Ordering::Relaxed);
        let mut page = self.inner.changes(since, content)?;
        let changes = page.changes.iter_mut();
        let damaged = changes.filter(|change| self.damages == Some(&*change.path));
        let contents = damaged.filter_map(|change| change.content.as_mut());
        contents.for_each(|content| content.push(b'?'));
        Ok(page)
    }

    fn push(&self, push: &Push) -> Result<Pushed, RemoteError> {
        if self.is_cut {
            return Err(RemoteError::Offline("the connection broke".to_owned()));
        }
        let before = self.pushes.fetch_add(1, Ordering::Relaxed);
        let others = self.on_their_way.fetch_add(1, Ordering::Relaxed);
        self.most_on_their_way
            .fetch_max(others + 1, Ordering::Relaxed);
        // A deletion may make room for files of other pushes.
        let has_deletion = !push.deletes.is_empty();
        let had_deletion = self.has_deletion.swap(has_deletion, Ordering::Relaxed);
        let is_alone = others == 0;
        assert!(is_alone || !has_deletion && !had_deletion, "{push:?}");
        std::thread::sleep(self.way);
        let pushed = self.inner.push(push);
        self.on_their_way.fetch_sub(1, Ordering::Relaxed);
        let pushed = pushed?;
        if before + 1 == self.lost {
            Err(RemoteError::Offline("the answer was lost".to_owned()))
        } else {
            Ok(pushed)
        }
    }

    fn content(&self, path: &str, rev: Rev) -> Result<Option<Vec<u8>>, RemoteError> {
        let mut content = self.inner.content(path, rev)?;
        if self.damages_alone && self.damages == Some(path) {
            content.iter_mut().for_each(|content| content.push(b'?'));
        }
        Ok(content)
    }
}
