//! `/dashboard`

use askama::Template;
use http::Response;

use super::connect::server_address;
use crate::api::Error;
use crate::dashboard::format::{Name, Query, Repository, Size, Time, count};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::routes::HOME;
use crate::dashboard::visit::Visit;
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
    /// The name that a client gave it, else its id.
    name: Name,
    /// The id, if it has a name too.
    id: Option<Name>,
    repository: Option<Repository>,
    files: String,
    size: Size,
    changed_at: Option<Time>,
    changed_by: Option<Name>,
    /// Names that some system cannot write.
    unportable: Option<String>,
}

/// Lists the projects of the key, in pages of 50.
pub fn projects(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let after = visit.parameter("after").unwrap_or_default();
    let projects = &visit.grant()?.projects;
    let (rows, next) = visit.app.database.read(|store| {
        let page = store.projects(projects, &after, LIMIT)?;
        let last = page.projects.last().filter(|_| page.has_more);
        let next = last.map(|last| Query(HOME, &[("after", &last.id)]).to_string());
        let rows = page.projects.into_iter().map(|of| row(store, of));
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

fn row(store: &Store, summary: ProjectSummary) -> Result<Row, Error> {
    let project = summary.project;
    let device = store.latest_device(&project)?;
    let has_name = summary
        .name
        .as_ref()
        .is_some_and(|name| !name.trim().is_empty());
    let (name, id) = match summary.name.filter(|_| has_name) {
        Some(name) if name != summary.id => (name, Some(summary.id)),
        _ => (summary.id, None),
    };
    Ok(Row {
        name: Name::new(name),
        id: id.map(Name::new),
        repository: summary.git_repo.as_deref().map(Repository::new),
        files: count(project.file_count, "file"),
        size: Size(project.total_size),
        changed_at: project.head.map(Time),
        changed_by: device.map(Name::new),
        unportable: project
            .unportable
            .filter(|number| *number > 0)
            .map(unportable),
    })
}

fn unportable(number: u64) -> String {
    format!("{} that some system cannot write", count(number, "name"))
}
