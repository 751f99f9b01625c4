//! `GET /v1/projects/:id/status` and `GET /v1/projects`

use http::{Request, Response};

use super::{conditional, ok};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{ProjectId, TreeDigest};
use crate::store::{Listed, Project, Store};
use crate::wire::{Status, tree};

/// Answers counts, the time of the last change, and the digest of all live files.
///
/// 200, or 304 when nothing changed: an unknown project is an empty one.
pub fn status(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let project = Store::with(|store| store.project(id))?;
    let status = project.as_ref().map_or_else(empty, describe);
    conditional::unless_known(head, &status.cursor.clone(), || Ok(ok(&status)))
}

fn describe(project: &Project) -> Status {
    Status {
        last_sync: project.head,
        file_count: project.file_count,
        total_size: project.total_size,
        cursor: project.cursor().to_string(),
        digest: project.digest.to_string(),
    }
}

fn empty() -> Status {
    Status {
        last_sync: None,
        file_count: 0,
        total_size: 0,
        cursor: Cursor::BEGINNING.to_string(),
        digest: TreeDigest::default().to_string(),
    }
}

/// Lists all projects.
pub fn projects() -> Result<Response<Vec<u8>>, Error> {
    let listed = Store::with(Store::projects)?;
    Ok(ok(&tree::Projects {
        projects: listed.into_iter().map(describe_listed).collect(),
    }))
}

fn describe_listed(listed: Listed) -> tree::Project {
    tree::Project {
        id: listed.id,
        name: listed.name,
        git_repo: listed.git_repo,
        file_count: listed.project.file_count,
        total_size: listed.project.total_size,
        last_sync: listed.project.head,
    }
}
