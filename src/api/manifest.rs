//! `GET /v1/projects/:id/manifest`

use http::{Request, Response};

use super::{conditional, limit_of, ok, parameter};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{ProjectId, TreeDigest};
use crate::store::{Entry, Store};
use crate::wire::tree::{Live, Manifest};

/// Entries in a page, unless `limit` asks for fewer or for up to [`MAX_ENTRIES`].
const ENTRIES: u32 = 1000;
const MAX_ENTRIES: u32 = 10_000;

/// Lists the live files behind the path `after`, in byte order, without content.
///
/// 200, or 304 when nothing changed: an unknown project has no files.
pub fn manifest(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let after = parameter(head, "after").unwrap_or_default();
    let limit = limit_of(head, ENTRIES, MAX_ENTRIES);
    Store::read(|store| {
        let project = store.project(id)?;
        let cursor = project
            .as_ref()
            .map_or(Cursor::BEGINNING, |project| project.cursor())
            .to_string();
        conditional::unless_known(head, &cursor.clone(), || {
            let mut entries = match &project {
                Some(project) => store.tree(project.number, &after, limit + 1, false)?,
                None => Vec::new(),
            };
            let has_more = entries.len() > limit as usize;
            entries.truncate(limit as usize);
            let digest = project
                .as_ref()
                .map_or(TreeDigest::default(), |project| project.digest);
            Ok(ok(&Manifest {
                files: entries.into_iter().map(live).collect(),
                has_more,
                digest: digest.to_string(),
                cursor,
            }))
        })
    })
}

/// A live entry as the wire has it.
pub fn live(entry: Entry) -> Live {
    Live {
        path: entry.path,
        rev: entry.rev,
        checksum: entry
            .checksum
            .map(|checksum| checksum.to_string())
            .unwrap_or_default(),
        size: entry.size,
        modified: entry.modified,
    }
}
