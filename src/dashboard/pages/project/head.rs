//! What stands above every page of a project.

use super::download::MAX_BYTES;
use crate::api::Error;
use crate::dashboard::format::{Repository, Size, count, project_address};
use crate::dashboard::pages::parts::{Changed, ProjectName};
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::domain::key::Scope;
use crate::store::{self, Project, Store};

/// What stands above every page of a project.
pub struct Head {
    /// For the title of the window.
    pub title: String,
    pub name: ProjectName,
    /// The id as it is.
    pub id: String,
    pub repository: Option<Repository>,
    pub files: String,
    pub size: Size,
    /// Whether all files fit into one download.
    pub is_downloadable: bool,
    pub changed: Option<Changed>,
    pub address: String,
    pub tabs: Vec<Tab>,
}

/// One of its pages.
pub struct Tab {
    pub name: &'static str,
    pub address: String,
    pub is_current: bool,
}

/// The pages of a project, the scope that each needs, and what is behind the address of the project.
const TABS: [(&str, &str, Scope); 5] = [
    ("Files", "", Scope::Read),
    ("Deleted", "/deleted", Scope::Read),
    ("Replaced edits", "/replaced", Scope::Read),
    ("Go back in time", "/restore", Scope::Write),
    ("Delete project", "/delete", Scope::Manage),
];

impl Head {
    /// Reads it on the snapshot of the page whose `tab` it is. 403 for a project that the key does not
    /// open, 404 for one that does not exist.
    pub fn read(
        visit: &Visit,
        store: &Store,
        id: &ProjectId,
        tab: &str,
    ) -> Result<(Project, Self), Error> {
        visit.require_project(id)?;
        let summary = store.project_summary(id)?;
        let summary = summary.ok_or(store::Error::NoProject)?;
        let project = summary.project;
        let device = store.latest_device(&project)?;
        let name = ProjectName::new(&summary.id, summary.name.as_deref());
        let address = project_address(id.as_str());
        let head = Self {
            title: format!("{} · {tab}", name.name),
            name,
            repository: summary.git_repo.as_deref().map(Repository::new),
            files: count(project.file_count, "file"),
            size: Size(project.total_size),
            is_downloadable: project.total_size <= MAX_BYTES,
            changed: project.head.map(|at| Changed::new(at, device)),
            tabs: tabs(visit, &address, tab),
            address,
            id: summary.id,
        };
        Ok((project, head))
    }
}

fn tabs(visit: &Visit, address: &str, current: &str) -> Vec<Tab> {
    let allowed = TABS.iter().filter(|(_, _, scope)| visit.may(*scope));
    let tab = |(name, behind, _): &(&'static str, &str, Scope)| Tab {
        name,
        address: format!("{address}{behind}"),
        is_current: *name == current,
    };
    allowed.map(tab).collect()
}
