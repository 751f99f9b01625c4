//! What a push must know before it is planned, in one statement: each is a call into the host.

use spin_sdk::sqlite3::{RowResult, Value};

use super::project::COLUMNS;
use super::{Project, Store, integer, json_array, optional_checksum, text};
use crate::error::Error;
use crate::project::{FilePath, ProjectId};
use crate::sync::{Batch, Known, Newest};

impl Store {
    /// The project, if it exists, and what is stored at and around the paths of the batch.
    pub(super) fn known(
        &self,
        id: &ProjectId,
        batch: &Batch,
    ) -> Result<(Option<Project>, Known), Error> {
        let puts = || batch.puts.iter().map(|put| &put.path);
        let deletes = || batch.deletes.iter().map(|delete| delete.path.as_str());
        let mut folders: Vec<&str> = puts().flat_map(FilePath::folders).collect();
        folders.sort_unstable();
        folders.dedup();
        let files = puts().map(FilePath::as_str).chain(deletes());
        let asked: Vec<&str> = files.chain(folders).collect();
        // The project comes first. '0' is the character behind '/'.
        let answer = self.execute(
            &format!(
                "SELECT {COLUMNS} FROM project WHERE id = ?1
                 UNION ALL
                 SELECT asked.key, version.rev, version.checksum, version.modified, version.size,
                   iif(asked.key < ?3 AND file.deleted IS NOT 0,
                     (SELECT below.path FROM file AS below WHERE below.project = number AND below.deleted = 0
                        AND below.path > asked.value || '/' AND below.path < asked.value || '0'
                        AND below.path NOT IN (SELECT value FROM json_each(?4)) LIMIT 1),
                     NULL),
                   NULL, NULL, NULL, NULL
                 FROM project CROSS JOIN json_each(?2) AS asked
                 LEFT JOIN file ON file.project = number AND file.path = asked.value
                 LEFT JOIN version ON version.project = number AND version.rev = file.rev
                 WHERE project.id = ?1"
            ),
            &[
                text(id.as_str()),
                json_array(asked.iter().copied()),
                Value::Integer(batch.puts.len() as i64),
                json_array(deletes()),
            ],
        )?;
        let Some((project, rows)) = answer.rows.split_first() else {
            return Ok((None, Known::default()));
        };
        let mut known = Known::default();
        for row in rows {
            let path = asked.get(integer::<usize>(row, 0)?);
            let path = path.ok_or_else(|| Error::Internal("nobody asked for this".to_owned()))?;
            known
                .newest
                .extend(newest(row)?.map(|newest| ((*path).to_owned(), newest)));
            let below = row.get::<&str>(5);
            known
                .below
                .extend(below.map(|below| ((*path).to_owned(), below.to_owned())));
        }
        Ok((Some(Project::from_row(project)?), known))
    }
}

fn newest(row: &RowResult) -> Result<Option<Newest>, Error> {
    let Some(rev) = row.get(1) else {
        return Ok(None);
    };
    Ok(Some(Newest {
        rev,
        checksum: optional_checksum(row, 2),
        modified: integer(row, 3)?,
        size: integer(row, 4)?,
    }))
}
