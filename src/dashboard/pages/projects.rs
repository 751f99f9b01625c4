//! `/dashboard`

use askama::Template;
use http::Response;

use super::connect::server_address;
use super::parts::{Bars, Changed, ProjectName, events_for};
use super::position;
use crate::addresses::dashboard::HOME;
use crate::api::Error;
use crate::api::clock::now_us;
use crate::dashboard::format::{Query, Repository, Size, count, grouped, project_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;
use crate::store::{ActivityPosition, ProjectSummary, Store};

/// Projects of a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    frame: Frame,
    /// What is searched for.
    query: String,
    projects: Vec<Row>,
    /// From where on the page gets changes.
    events: Option<String>,
    /// The address of the next page.
    next: Option<String>,
    /// Whether this is a page behind the first.
    is_continued: bool,
    server: String,
}

/// A project in the list.
struct Row {
    name: ProjectName,
    address: String,
    repository: Option<Repository>,
    files: String,
    size: Size,
    changed: Option<Changed>,
    /// Changes of the last 30 days, a bar a day.
    bars: Bars,
    /// How many there are.
    recent: String,
    /// Names that some system cannot write.
    unportable: Option<String>,
}

/// Lists the projects of the key, the last changed first, in pages of 50: with `q` those that have it in their
/// names or ids.
pub fn projects(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let query = visit.parameter("q").unwrap_or_default();
    let before = position::before(visit)?;
    let (projects, now_us) = (&visit.grant()?.projects, now_us());
    let (rows, next) = visit.app.database.read(|store| {
        let from = before.unwrap_or(ActivityPosition::NEWEST);
        let page = store.recent_projects(projects, query.trim(), from, LIMIT)?;
        let next = page.next.map(|next| address(&query, next));
        let rows = page.projects.into_iter().map(|of| row(store, of, now_us));
        Ok::<_, Error>((rows.collect::<Result<_, Error>>()?, next))
    })?;
    reply::page(&Page {
        frame: visit.frame("Projects"),
        projects: rows,
        events: events_for(before.is_none()),
        next,
        is_continued: before.is_some(),
        query,
        server: server_address(visit),
    })
}

/// The page before a place.
fn address(query: &str, before: ActivityPosition) -> String {
    let before = position::write(before);
    Query(HOME, &[("q", query), ("before", &before)]).to_string()
}

fn row(store: &Store, summary: ProjectSummary, now_us: Rev) -> Result<Row, Error> {
    let project = summary.project;
    let device = store.latest_device(&project)?;
    let days = store.daily_changes(&project, now_us)?;
    Ok(Row {
        name: ProjectName::new(&summary.id, summary.name.as_deref()),
        address: project_address(&summary.id),
        repository: summary.git_repo.as_deref().map(Repository::new),
        files: grouped(project.file_count),
        size: Size(project.total_size),
        changed: project.head.map(|at| Changed::new(at, device)),
        bars: Bars::new(&days),
        recent: count(days.iter().sum(), "change"),
        unportable: project
            .unportable
            .filter(|number| *number > 0)
            .map(unportable),
    })
}

fn unportable(number: u64) -> String {
    format!("{} that some system cannot write", count(number, "name"))
}
