//! A way to the server on which things go wrong.

use std::cell::Cell;

use kamisync::remote::{
    DeviceFile, Diff, Limits, Page, Push, Pushed, Remote, RemoteError, Rev, Version,
};

use crate::device::Device;

/// A way to the server on which the answer to the push number `lost` is lost, contents are damaged, or no more
/// pages come.
pub struct Lossy<'a> {
    pub inner: &'a dyn Remote,
    pub pages_left: Cell<u32>,
    pub lost: u32,
    pub pushes: Cell<u32>,
    pub damages: bool,
    /// What a person does after the round has looked at the folder, and before it sends anything.
    pub meanwhile: &'a dyn Fn(),
}

impl<'a> Lossy<'a> {
    /// Nothing is lost on it.
    pub fn of(device: &'a Device) -> Self {
        Self {
            inner: device.remote(),
            pages_left: Cell::new(u32::MAX),
            lost: 0,
            pushes: Cell::new(0),
            damages: false,
            meanwhile: &|| {},
        }
    }
}

impl Remote for Lossy<'_> {
    fn limits(&self) -> Result<Limits, RemoteError> {
        (self.meanwhile)();
        self.inner.limits()
    }

    fn totals(&self) -> Result<(u64, u64), RemoteError> {
        self.inner.totals()
    }

    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError> {
        let left = self.pages_left.get().checked_sub(1);
        let left = left.ok_or_else(|| RemoteError::Offline("the connection broke".to_owned()))?;
        self.pages_left.set(left);
        let mut page = self.inner.changes(since, content)?;
        let contents = page
            .changes
            .iter_mut()
            .filter_map(|change| change.content.as_mut());
        if self.damages {
            contents.for_each(|content| content.push(b'?'));
        }
        Ok(page)
    }

    fn push(&self, push: &Push) -> Result<Pushed, RemoteError> {
        self.pushes.set(self.pushes.get() + 1);
        let pushed = self.inner.push(push)?;
        match self.pushes.get() == self.lost {
            true => Err(RemoteError::Offline("the answer was lost".to_owned())),
            false => Ok(pushed),
        }
    }

    fn diff(&self, files: &[DeviceFile]) -> Result<Diff, RemoteError> {
        self.inner.diff(files)
    }

    fn content(&self, path: &str, rev: Rev) -> Result<Option<Vec<u8>>, RemoteError> {
        self.inner.content(path, rev)
    }

    fn history(&self, path: &str) -> Result<Vec<Version>, RemoteError> {
        self.inner.history(path)
    }
}
