//! `/dashboard`

use askama::Template;
use http::Response;

use super::connect::server_address;
use super::parts::{Bars, Changed, ProjectName};
use crate::api::Error;
use crate::api::clock::now_us;
use crate::dashboard::format::{Query, Repository, Size, count, grouped, project_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::routes::HOME;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;
use crate::store::{ProjectSummary, Store};

/// Projects of a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    frame: Frame,
    projects: Vec<Row>,
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
    /// Names that some system cannot write.
    unportable: Option<String>,
}

/// Lists the projects of the key, in pages of 50.
pub fn projects(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let after = visit.parameter("after").unwrap_or_default();
    let (projects, now_us) = (&visit.grant()?.projects, now_us());
    let (rows, next) = visit.app.database.read(|store| {
        let page = store.projects(projects, &after, LIMIT)?;
        let last = page.projects.last().filter(|_| page.has_more);
        let next = last.map(|last| Query(HOME, &[("after", &last.id)]).to_string());
        let rows = page.projects.into_iter().map(|of| row(store, of, now_us));
        Ok::<_, Error>((rows.collect::<Result<_, Error>>()?, next))
    })?;
    reply::page(&Page {
        frame: visit.frame("Projects"),
        projects: rows,
        next,
        is_continued: !after.is_empty(),
        server: server_address(visit),
    })
}

fn row(store: &Store, summary: ProjectSummary, now_us: Rev) -> Result<Row, Error> {
    let project = summary.project;
    let device = store.latest_device(&project)?;
    Ok(Row {
        name: ProjectName::new(&summary.id, summary.name.as_deref()),
        address: project_address(&summary.id),
        repository: summary.git_repo.as_deref().map(Repository::new),
        files: grouped(project.file_count),
        size: Size(project.total_size),
        changed: project.head.map(|at| Changed::new(at, device)),
        bars: Bars::new(&store.daily_changes(&project, now_us)?),
        unportable: project
            .unportable
            .filter(|number| *number > 0)
            .map(unportable),
    })
}

fn unportable(number: u64) -> String {
    format!("{} that some system cannot write", count(number, "name"))
}
