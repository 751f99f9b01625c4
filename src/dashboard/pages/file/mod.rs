//! `/dashboard/projects/:id/files/*path`: a file, its versions, and what two of them differ in.

mod asked;
mod changes;
mod content;
mod download;
mod found;
mod versions;

use askama::Template;
use http::Response;

use self::asked::Asked;
use self::changes::Changes;
use self::content::{Content, Shown};
use self::found::{Found, version};
use self::versions::Versions;
use crate::api::Error;
use crate::dashboard::done::Notice;
use crate::dashboard::format::{
    Name, Query, Size, download_address, file_address, project_address,
};
use crate::dashboard::frame::Frame;
use crate::dashboard::pages::parts::{Changed, ProjectName};
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;
use crate::domain::{FilePath, ProjectId, Rev};
use crate::store::{ProjectSummary, Store, StoredVersion};

pub use download::download_file;

#[derive(Template)]
#[template(path = "file/page.html")]
struct Page {
    frame: Frame,
    project: Name,
    project_address: String,
    /// The folder of the file, and its address.
    folder: Option<(Name, String)>,
    name: Name,
    /// The path as it is, for forms.
    path: String,
    address: String,
    download: String,
    /// The address of the form that restores; none for a key that may not.
    restore: Option<String>,
    /// What a form restores over.
    newest: Rev,
    /// The version that is shown.
    version: Summary,
    deletion: Option<Changed>,
    /// The rev that brings a deleted file back.
    undelete: Option<Rev>,
    content: Option<Content>,
    changes: Option<Changes>,
    versions: Versions,
}

const MARK_TWO: Notice = Notice {
    sentence: "Nothing was compared: mark two versions in the list, and press again.",
    is_refusal: true,
};

/// What is known of a version.
struct Summary {
    rev: Rev,
    changed: Changed,
    size: Size,
    /// Whether an older one was asked for.
    is_older: bool,
}

/// Shows a file.
///
/// 404 for a path that was never stored, and for a version that never was.
pub fn file(visit: &Visit, id: &ProjectId, path: &FilePath) -> Result<Response<Vec<u8>>, Error> {
    visit.require_project(id)?;
    let asked = Asked::of(visit)?;
    let page = visit
        .app
        .database
        .read(|store| page(visit, store, id, path, &asked))?;
    reply::page(&page)
}

fn page(
    visit: &Visit,
    store: &Store,
    id: &ProjectId,
    path: &FilePath,
    asked: &Asked,
) -> Result<Page, Error> {
    let found = Found::read(store, id, path, asked.rev)?;
    let (shown, number) = (found.shown(), found.project.project.number);
    let old = asked.old.map(|old| version(store, number, path, old));
    let changes = old.map(|old| Changes::new(store, &old?, shown));
    let content = match changes {
        None => Some(Content::new(store, path, shown, asked.is_raw)?),
        Some(_) => None,
    };
    let address = file_address(id.as_str(), path.as_str());
    let versions = Versions::read(store, path, &found, &address, asked.before)?;
    let (folder, name) = path
        .as_str()
        .rsplit_once('/')
        .unwrap_or(("", path.as_str()));
    let (summary, project) = (&found.project, project_address(id.as_str()));
    let (newest, may_restore) = (found.newest(), visit.may(Scope::Write));
    let mut frame = visit.frame(&title(summary, folder, name));
    if asked.is_unclear {
        frame.notice = Some(MARK_TWO);
    }
    Ok(Page {
        frame,
        project: ProjectName::new(&summary.id, summary.name.as_deref()).shown(),
        folder: (!folder.is_empty()).then(|| folder_link(&project, folder)),
        name: Name::new(name),
        path: path.to_string(),
        download: download_address(id.as_str(), path.as_str()),
        restore: may_restore.then(|| format!("{project}/versions")),
        newest: newest.version.rev,
        version: Summary {
            rev: shown.version.rev,
            changed: changed(shown),
            size: Size(shown.version.size),
            is_older: found.is_older(),
        },
        deletion: newest.version.is_deletion().then(|| changed(newest)),
        undelete: found.undelete(),
        content,
        changes: changes.transpose()?,
        versions,
        project_address: project,
        address,
    })
}

/// Names alone, such as `Readme.md`, are in many projects.
fn title(project: &ProjectSummary, folder: &str, name: &str) -> String {
    let project = ProjectName::new(&project.id, project.name.as_deref()).name;
    let parts = [name, folder, &project];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" · ")
}

fn folder_link(project: &str, folder: &str) -> (Name, String) {
    let address = Query(project, &[("in", folder)]).to_string();
    (Name::new(folder), address)
}

fn changed(stored: &StoredVersion) -> Changed {
    Changed::new(stored.version.rev, stored.version.device.clone())
}
