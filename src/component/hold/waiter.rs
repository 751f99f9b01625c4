//! One that waits in an instance of the component.

use std::time::Duration;

use http::{Request, Response};

use super::ask::ask;
use crate::api::routes;
use crate::api::waiting::again::mark_again;
use crate::api::waiting::hold::{Hold, NoPlace};
use crate::api::{App, Body, CountedWait, Error, Watched};
use crate::store::Subject;

/// Requests that may wait at once. On WASI 0.2 each has an instance, and Spin has 1,000 for everything.
const MAX_WAITING: usize = if cfg!(feature = "wasi-0-3") { 1000 } else { 64 };

pub(super) struct Waiter {
    head: Request<()>,
    waiting: CountedWait,
    watched: Watched,
}

impl Waiter {
    pub(super) fn begin(
        app: &App,
        head: Request<()>,
        hold: &Hold,
    ) -> Result<Result<Self, NoPlace>, Error> {
        let waiting = CountedWait::begin(&app.places, &*app.memory, hold, MAX_WAITING)?;
        Ok(waiting.map(|waiting| Self {
            watched: Watched::begin(&app.watch, subjects(&head, hold)),
            head,
            waiting,
        }))
    }

    /// How long it may sleep, at most the time that is left. On WASI 0.3 a change wakes it (`component/bell.rs`), but not
    /// one before its first look.
    pub(super) fn pause(&self, app: &App, left: Duration) -> Duration {
        if cfg!(feature = "wasi-0-3") && self.watched.has_looked() {
            left
        } else {
            left.min(app.watch.pause())
        }
    }

    pub(super) fn has_changed(&mut self, app: &App) -> bool {
        self.watched.has_changed(&app.watch, &app.database)
    }

    /// Asks again, in a stream from the event of this id on.
    pub(super) fn ask_again(&mut self, app: &App, last_id: Option<&str>) -> Response<Vec<u8>> {
        mark_again(self.head.headers_mut(), last_id);
        ask(app, self.head.clone(), Nothing)
    }

    /// To be called at least every 30 seconds by one that waits longer than a minute.
    pub(super) fn go_on(&self, app: &App) -> Result<(), Error> {
        self.waiting.go_on(&*app.memory)
    }

    pub(super) fn end(self, app: &App) -> Result<(), Error> {
        self.watched.end(&app.watch);
        self.waiting.end(&*app.memory)
    }
}

/// What a request waits for: its project, or all of them, and that its key stays what it is.
fn subjects(head: &Request<()>, hold: &Hold) -> Vec<Subject> {
    let project = routes::project(head.uri().path());
    let mut subjects = vec![project.map_or(Subject::AllProjects, Subject::Project)];
    subjects.extend(hold.key().map(|key| Subject::Key(key.to_owned())));
    subjects
}

/// The body of a request without one.
struct Nothing;

impl Body for Nothing {
    fn read(self, _declared: usize, _limit_bytes: usize) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}
