//! What a push must know before it is planned, in one statement: each is a call into the host.

use std::collections::{BTreeSet, HashSet};

use spin_sdk::sqlite3::{RowResult, Value};

use super::project::COLUMNS;
use super::{Project, Store, integer, json_array, optional_checksum, text};
use crate::error::Error;
use crate::project::{FilePath, ProjectId};
use crate::sync::{Batch, Known, Newest};

/// Paths in one statement: the rows of so many, long names of files below them included, are well
/// under the 128 MiB that a host hands over at once.
const STEP: usize = 50_000;

impl Store {
    /// The project, if it exists, and what is stored at and around the paths of the batch.
    pub(super) fn known(
        &self,
        id: &ProjectId,
        batch: &Batch,
    ) -> Result<(Option<Project>, Known), Error> {
        let (asked, outermost) = paths(batch);
        let mut known = Known::default();
        let (first, rest) = asked.split_at(asked.len().min(STEP));
        let project = self.look_up(id, batch, first, outermost, &mut known)?;
        if project.is_some() {
            for (step, asked) in (1..).zip(rest.chunks(STEP)) {
                let outermost = outermost.saturating_sub(step * STEP);
                self.look_up(id, batch, asked, outermost, &mut known)?;
            }
        }
        Ok((project, known))
    }

    /// Adds what is known of some paths, of which the first `outermost` may have files below.
    fn look_up(
        &self,
        id: &ProjectId,
        batch: &Batch,
        asked: &[&str],
        outermost: usize,
        known: &mut Known,
    ) -> Result<Option<Project>, Error> {
        let deletes = batch.deletes.iter().map(|delete| delete.path.as_str());
        let answer = self.execute(
            &statement(),
            &[
                text(id.as_str()),
                json_array(asked.iter().copied()),
                Value::Integer(outermost as i64),
                json_array(deletes),
            ],
        )?;
        let Some((project, rows)) = answer.rows.split_first() else {
            return Ok(None);
        };
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
        Project::from_row(project).map(Some)
    }
}

/// All paths to ask for, and how many of them, the first ones, may have files below: the puts but
/// for those below another, which are refused as it is. Their folders do not overlap, so no
/// file is looked at twice.
fn paths(batch: &Batch) -> (Vec<&str>, usize) {
    let puts: HashSet<&str> = batch.puts.iter().map(|put| put.path.as_str()).collect();
    let (outermost, nested): (Vec<_>, Vec<_>) = batch
        .puts
        .iter()
        .map(|put| &put.path)
        .partition(|path| !path.folders().any(|folder| puts.contains(folder)));
    let deletes = batch.deletes.iter().map(|delete| &delete.path);
    let files = outermost.iter().copied().chain(nested).chain(deletes);
    let folders: BTreeSet<&str> = batch
        .puts
        .iter()
        .flat_map(|put| put.path.folders())
        .collect();
    let asked = files.map(FilePath::as_str).chain(folders).collect();
    (asked, outermost.len())
}

/// The project's row comes first, then one for each path that was asked for.
fn statement() -> String {
    // '0' is the character behind '/'.
    format!(
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
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Put;

    #[test]
    fn nothing_is_asked_below_a_put_that_lies_below_another() {
        let put = |path: &&str| Put::new(FilePath::parse(path).unwrap(), 0, None, Vec::new());
        let batch = Batch {
            puts: ["a/b", "c/d", "a", "a/b/c"].iter().map(put).collect(),
            ..Batch::default()
        };
        let asked = vec!["c/d", "a", "a/b", "a/b/c", "a", "a/b", "c"];
        assert_eq!(paths(&batch), (asked, 2));
    }
}
