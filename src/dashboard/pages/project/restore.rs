//! `/dashboard/projects/:id/restore`

use askama::Template;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use http::{Method, Response};
use serde_json::{Value, json};

use super::head::Head;
use super::restored::{Outcome, Restored};
use crate::api::Error;
use crate::api::clock::now_us;
use crate::dashboard::done::Done;
use crate::dashboard::form::Form;
use crate::dashboard::format::{Name, Time, api_address, count, plain, project_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;
use crate::domain::{DAY_US, ProjectId};

/// Files that a list shows.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "restore.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// The moment in the field, in UTC.
    at: String,
    problem: Option<String>,
    preview: Option<Preview>,
}

/// What going back would change.
struct Preview {
    /// The moment, as the API reads it.
    at: String,
    /// Where the history of the project ended.
    cursor: String,
    time: Time,
    total: String,
    changes: Listed<Change>,
    /// Files that stay as they are, since what they were then was purged.
    purged: Listed<Name>,
}

/// The first of some files.
struct Listed<T> {
    first: Vec<T>,
    /// How many more there are.
    hidden: Option<String>,
}

struct Change {
    name: Name,
    what: &'static str,
}

/// Asks for a moment; with `at`, shows what would change, and changes nothing.
pub fn preview(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    visit.caller.require(Scope::Write)?;
    let read = |store: &_| Head::read(visit, store, id, "Go back in time");
    let (_, head) = visit.app.database.read(read)?;
    let mut page = Page {
        frame: visit.frame(&head.title),
        head,
        at: yesterday(),
        problem: None,
        preview: None,
    };
    if let Some(text) = visit.parameter("at").filter(|at| !at.is_empty()) {
        page.look_at(visit, id, text)?;
    }
    reply::page(&page)
}

impl Page {
    /// Finds out what going back would change, or why it cannot be done.
    fn look_at(&mut self, visit: &Visit, id: &ProjectId, text: String) -> Result<(), Error> {
        let Some(at) = moment(&text) else {
            self.at = text;
            self.problem = Some("Choose a day and a time.".to_owned());
            return Ok(());
        };
        self.at = field(at);
        let exact = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        match ask(visit, id, json!({ "at": exact, "dry_run": true })) {
            Ok(response) => {
                let answer = Restored::read(&response)?;
                self.preview = Some(Preview::new(exact, Time(at.timestamp_micros()), answer));
            }
            Err(error) if error.status().is_client_error() => self.problem = Some(sentence(&error)),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What is wrong with the moment, for who chooses another in the same field.
fn sentence(error: &Error) -> String {
    match error {
        Error::BeforeFirstVersion => {
            "The project has no version from that time: choose a later one.".to_owned()
        }
        Error::ContentGone { path } => {
            let path = plain(path);
            format!("What '{path}' was at that moment is no longer kept: choose a later one.")
        }
        error => error.to_string(),
    }
}

impl Preview {
    fn new(at: String, time: Time, answer: Restored) -> Self {
        let changed = answer.results.into_iter();
        let changed: Vec<_> = changed.filter_map(change).collect();
        Self {
            at,
            cursor: answer.cursor,
            time,
            total: count(changed.len() as u64, "file"),
            changes: Listed::of(changed),
            purged: Listed::of(answer.purged.into_iter().map(Name::new).collect()),
        }
    }
}

impl<T> Listed<T> {
    fn of(mut files: Vec<T>) -> Self {
        let hidden = files.len().saturating_sub(SHOWN);
        files.truncate(SHOWN);
        Self {
            first: files,
            hidden: (hidden > 0).then(|| count(hidden as u64, "more file")),
        }
    }
}

/// None for a file that stays as it is.
fn change(outcome: Outcome) -> Option<Change> {
    let what = outcome.what()?;
    Some(Change {
        name: Name::new(outcome.path),
        what,
    })
}

/// Goes back to the moment `at`: each file that is different now gets a new version. When the project has changed
/// since the preview, which ended at `cursor`, it is shown anew instead.
pub fn restore(visit: &Visit, id: &ProjectId, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    let (at, address) = (form.text("at"), project_address(id.as_str()));
    let answer = match ask(
        visit,
        id,
        json!({ "at": at, "cursor": form.text("cursor") }),
    ) {
        Err(Error::Outdated(_)) => {
            let (preview, why) = (format!("{address}/restore"), Done::ProjectHasChanged);
            return Ok(reply::not_done(&preview, &[("at", at)], why));
        }
        answer => answer?,
    };
    let done = Restored::read(&answer)?.told(Done::ProjectRestored);
    Ok(reply::done(&address, done, answer))
}

fn ask(visit: &Visit, id: &ProjectId, body: Value) -> Result<Response<Vec<u8>>, Error> {
    visit.ask(Method::POST, &api_address(id.as_str(), "/restore"), &body)
}

/// Microseconds from the first of a second to its last.
const REST_OF_SECOND: TimeDelta = TimeDelta::microseconds(999_999);

/// Reads what the field sends, with or without seconds and a zone. A second means all of it: what a page shows with this
/// second was stored in it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let at = instant(text)?;
    let is_second = at.timestamp_subsec_micros() == 0;
    Some(if is_second { at + REST_OF_SECOND } else { at })
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = |format| NaiveDateTime::parse_from_str(text, format).ok();
    let zoned = DateTime::parse_from_rfc3339(text).ok();
    let zoned = zoned.map(|time| time.to_utc());
    zoned.or_else(|| Some(formats.into_iter().find_map(local)?.and_utc()))
}

fn yesterday() -> String {
    let at = DateTime::from_timestamp_micros(now_us() - DAY_US);
    field(at.unwrap_or_default())
}

/// As the field takes it.
fn field(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[test]
    fn only_a_moment_before_the_project_is_told_to_be_too_early() {
        let sentence = |error: store::Error| sentence(&error.into());
        let early = sentence(store::Error::BeforeFirstVersion);
        assert!(early.contains("choose a later one"), "{early}");
        let missing = sentence(store::Error::NoProject);
        assert!(!missing.contains("moment"), "{missing}");
    }

    #[test]
    fn a_moment_reads_as_browsers_write_it() {
        for (text, expected) in [
            ("2026-11-26T02:08", Some("2026-11-26T02:08:00.999999+00:00")),
            (
                "2026-11-26T02:08:25",
                Some("2026-11-26T02:08:25.999999+00:00"),
            ),
            (
                "2026-11-26T02:08:25.000Z",
                Some("2026-11-26T02:08:25.999999+00:00"),
            ),
            (
                "2026-11-26T02:08:25+02:00",
                Some("2026-11-26T00:08:25.999999+00:00"),
            ),
            (
                "2026-11-26T02:08:25.000001Z",
                Some("2026-11-26T02:08:25.000001+00:00"),
            ),
            ("yesterday", None),
            ("2026-13-01T00:00", None),
            ("", None),
        ] {
            let read = moment(text).map(|time| time.to_rfc3339());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_preview_leaves_out_what_stays_and_counts_what_it_does_not_show() {
        let outcome = |number: usize| {
            let status = ["updated", "unchanged"][number % 2];
            Outcome::new(number.to_string(), status)
        };
        let results = (0..2000).map(outcome).collect();
        let answer = Restored {
            cursor: String::new(),
            results,
            purged: (0..=SHOWN).map(|number| number.to_string()).collect(),
        };
        let preview = Preview::new(String::new(), Time(0), answer);
        assert_eq!(preview.total, "1,000 files");
        assert_eq!(preview.changes.first.len(), SHOWN);
        assert_eq!(preview.changes.hidden.as_deref(), Some("500 more files"));
        assert_eq!(preview.purged.first.len(), SHOWN);
        assert_eq!(preview.purged.hidden.as_deref(), Some("1 more file"));
    }
}
