//! A pull with a key of its own: the server remembers how far it came.

use http::{Method, Request, StatusCode};

use crate::api::app::App;
use crate::api::failure::with_causes;
use crate::domain::Rev;
use crate::domain::pull_marks::Pull;
use crate::store::{DeviceKey, Entries, Page, Store};

/// What a page is made of.
pub(super) struct PagePlan {
    /// The page has what is newer than this.
    pub(super) from: Rev,
    pub(super) entries: Entries,
    /// The number of the key and its pull, for a device with a key of its own.
    device: Option<(i64, Pull)>,
}

/// How far a page got.
pub(super) struct Reached {
    project: i64,
    epoch: i64,
    end: Rev,
    has_more: bool,
}

impl PagePlan {
    /// With the owner's key, which several devices have, `since` is a position.
    pub(super) fn new(key: Option<&DeviceKey>, since: Rev, now_us: Rev) -> Self {
        let Some(key) = key else {
            return Self {
                from: since,
                entries: Entries::LiveFiles,
                device: None,
            };
        };
        let pull = Pull::begin(key.position.marks, since, now_us);
        Self {
            from: pull.from,
            entries: if pull.own {
                Entries::LiveFiles
            } else {
                Entries::LiveFilesOfOthers(key.number)
            },
            device: Some((key.number, pull)),
        }
    }

    /// What an answer depends on besides the request and the project.
    pub(super) fn state(&self) -> String {
        match &self.device {
            None => String::new(),
            Some((_, pull)) => format!(" {} {}", pull.from, pull.own),
        }
    }

    /// Remembers how far the page got. The next page of the pull needs it, so it waits for that; what comes
    /// after the last page is only sent again when it is lost.
    pub(super) fn record(
        &self,
        app: &App,
        head: &Request<()>,
        status: StatusCode,
        reached: Option<Reached>,
    ) {
        let is_sent = status == StatusCode::OK && head.method() == Method::GET;
        let (Some((key, pull)), Some(reached)) = (self.device, reached.filter(|_| is_sent)) else {
            return;
        };
        let Some(marks) = pull.reached(reached.end) else {
            return;
        };
        let Reached { project, epoch, .. } = reached;
        let write = move |store: &Store| store.set_pull_marks(key, project, epoch, marks);
        if reached.has_more {
            // Without it the pages are sent again; the client need not fail for it.
            if let Err(error) = app.database.write(write) {
                let error = with_causes(&error);
                eprintln!("warning: how far a pull came was not written: {error}");
            }
        } else {
            app.later.add(write);
        }
    }
}

impl Reached {
    /// The last page got to the end of the project.
    pub(super) fn of(page: &Page, from: Rev) -> Self {
        let project = &page.project;
        let last = page.changes.last().filter(|_| page.has_more);
        let head = project.head.unwrap_or(0).max(from);
        Self {
            project: project.number,
            epoch: project.epoch,
            end: last.map_or(head, |last| last.version.rev),
            has_more: page.has_more,
        }
    }
}
