//! Reads the change feed page by page. One that never ends is an error, not a loop.

use crate::remote::{Page, Remote, RemoteError, Rev};

/// The pages after a cursor. After a failure the same page is asked for again.
pub struct Feed<'a> {
    remote: &'a dyn Remote,
    content: bool,
    /// Where the next page begins, if there is one.
    next: Option<String>,
    /// The newest change that was read.
    newest: Rev,
}

impl<'a> Feed<'a> {
    /// Begins after this cursor; with `content`, puts have theirs.
    pub fn new(remote: &'a dyn Remote, since: &str, content: bool) -> Self {
        Self {
            remote,
            content,
            next: Some(since.to_owned()),
            newest: 0,
        }
    }

    fn read(&mut self, since: &str) -> Result<Page, RemoteError> {
        let page = self.remote.changes(since, self.content)?;
        let newest = page.changes.iter().map(|change| change.rev).max();
        // Changes come in the order of their revs, so each page has a newer one than that before.
        let gets_on = newest > Some(self.newest) && page.cursor != since;
        if page.has_more && !gets_on {
            return Err(RemoteError::Endless("the changes"));
        }
        self.newest = newest.unwrap_or(self.newest);
        self.next = page.has_more.then(|| page.cursor.clone());
        Ok(page)
    }
}

impl Iterator for Feed<'_> {
    type Item = Result<Page, RemoteError>;

    fn next(&mut self) -> Option<Self::Item> {
        let since = self.next.clone()?;
        Some(self.read(&since))
    }
}
