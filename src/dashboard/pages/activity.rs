//! `/dashboard/activity`

use std::time::Duration;

use askama::Template;
use http::{Method, Response};

use super::connect::server_address;
use super::parts::events_for;
use super::position;
use crate::addresses::dashboard::ACTIVITY;
use crate::api::routes::Route;
use crate::api::waiting::hold::shorten_stream;
use crate::api::{Error, person};
use crate::dashboard::format::{Name, Query, Size, Time, file_address, plain};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::domain::key::Projects;
use crate::store::{Activity, ActivityFilter, ActivityKind, ActivityPosition};

/// How long a stream continues after its session has ended, at the most.
const STREAM_LENGTH: Duration = Duration::from_secs(30);
/// Changes of a page.
const LIMIT: usize = 100;
/// Projects that the filter offers.
const OFFERED: usize = 200;

#[derive(Template)]
#[template(path = "activity.html")]
struct Page {
    frame: Frame,
    /// What the fields of the filter hold.
    project: String,
    device: String,
    path: String,
    is_filtered: bool,
    /// Ids of projects, for the filter.
    projects: Vec<String>,
    changes: Vec<Row>,
    /// From where on the page gets changes.
    events: Option<String>,
    /// The address of the changes before these.
    next: Option<String>,
    newest: Option<String>,
    server: String,
}

/// A change in the list.
struct Row {
    kind: &'static str,
    class: &'static str,
    path: Name,
    /// The file as this change left it.
    address: String,
    project: Name,
    by_project: String,
    device: Option<Name>,
    by_device: String,
    at: Time,
    size: Option<Size>,
}

/// What the address asks for.
struct Asked {
    project: String,
    device: String,
    path: String,
    before: Option<ActivityPosition>,
}

/// Shows the changes of all projects of the key, newest first.
pub fn activity(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let asked = Asked::of(visit)?;
    let projects = asked.projects(visit)?;
    let filter = ActivityFilter {
        projects: &projects,
        device: Some(asked.device.as_str()).filter(|device| !device.is_empty()),
        path: Some(asked.path.as_str()).filter(|path| !path.is_empty()),
    };
    let before = asked.before.unwrap_or(ActivityPosition::NEWEST);
    let all = &visit.grant()?.projects;
    let (page, offered) = visit.app.database.read(|store| {
        let page = store.activity(&filter, before, LIMIT)?;
        Ok::<_, Error>((page, store.projects(all, "", OFFERED)?))
    })?;
    let next = page.next.map(|next| asked.address(Some(next)));
    reply::page(&Page {
        frame: visit.frame("Activity"),
        is_filtered: asked.is_filtered(),
        projects: offered.projects.iter().map(|of| plain(&of.id)).collect(),
        changes: page.changes.into_iter().map(row).collect(),
        events: events_for(asked.before.is_none()),
        next,
        newest: asked.before.map(|_| asked.address(None)),
        project: asked.project,
        device: asked.device,
        path: asked.path,
        server: server_address(visit),
    })
}

/// A stream with an event for each change of any project that the key opens, as the API has it. The browser
/// comes back for more while the session is open.
pub fn events(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let found = Route::find(&Method::GET, "/v1/events")?;
    let stream = person::perform(visit.app, visit.head, &visit.caller, found, Vec::new());
    let mut stream = stream?;
    shorten_stream(stream.headers_mut(), STREAM_LENGTH);
    Ok(stream)
}

impl Asked {
    fn is_filtered(&self) -> bool {
        !self.project.is_empty() || !self.device.is_empty() || !self.path.is_empty()
    }

    fn of(visit: &Visit) -> Result<Self, Error> {
        let text = |name| visit.parameter(name).unwrap_or_default().trim().to_owned();
        Ok(Self {
            project: text("project"),
            device: text("device"),
            path: text("path"),
            before: position::before(visit)?,
        })
    }

    /// The projects whose changes are listed: one, or all that the key opens.
    fn projects(&self, visit: &Visit) -> Result<Projects, Error> {
        if self.project.is_empty() {
            return Ok(visit.grant()?.projects.clone());
        }
        match ProjectId::parse(self.project.clone()) {
            Some(id) => {
                visit.caller.require_project(&id)?;
                Ok(Projects::Only([id].into()))
            }
            None => Ok(Projects::Only([].into())),
        }
    }

    /// The page with the same filter before a change.
    fn address(&self, before: Option<ActivityPosition>) -> String {
        let before = before.map(position::write);
        let fields = [
            ("project", self.project.as_str()),
            ("device", &self.device),
            ("path", &self.path),
            ("before", before.as_deref().unwrap_or_default()),
        ];
        Query(ACTIVITY, &fields).to_string()
    }
}

fn row(change: Activity) -> Row {
    let (kind, class) = match change.kind {
        ActivityKind::Created => ("created", "good"),
        ActivityKind::Changed => ("changed", ""),
        ActivityKind::Deleted => ("deleted", "danger"),
    };
    let page = file_address(&change.project, &change.path);
    let rev = change.rev.to_string();
    Row {
        kind,
        class,
        address: Query(&page, &[("rev", &rev)]).to_string(),
        path: Name::new(change.path),
        by_project: Query(ACTIVITY, &[("project", &change.project)]).to_string(),
        project: Name::new(change.project),
        by_device: Query(
            ACTIVITY,
            &[("device", change.device.as_deref().unwrap_or_default())],
        )
        .to_string(),
        device: change.device.map(Name::new),
        at: Time(change.rev),
        size: (change.kind != ActivityKind::Deleted).then_some(Size(change.size)),
    }
}
