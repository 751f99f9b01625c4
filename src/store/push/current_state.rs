//! What a push must know before it is planned, in one statement: each is a call into the host.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::names::{NAMES, forms};
use crate::domain::name::{Name, names};
use crate::domain::{CurrentState, FilePath, ProjectId, Push, Version};
use crate::store::error::Error;
use crate::store::project::{COLUMNS, Project};
use crate::store::row::{Row, json_array};
use crate::store::store::Store;

/// Paths in one statement: the rows of so many, with the longest names of files below them and of their
/// twins at most about 9 KB each, are under the 128 MiB that a host hands over at once.
const STEP_PATHS: usize = 10_000;

impl Store {
    /// The project, if it exists, and what is stored at and around the paths of the push.
    pub(in crate::store) fn current_state<'p>(
        &self,
        id: &ProjectId,
        push: &'p Push,
    ) -> Result<(Option<Project>, CurrentState<'p>), Error> {
        let (asked, outermost) = paths(push);
        let mut current = CurrentState {
            names: names(push.puts.iter().map(|put| &put.path)),
            ..CurrentState::default()
        };
        let project = self.look_up_all(id, push, &asked, outermost, &mut current)?;
        Ok((project, current))
    }

    /// Adds what is stored at all these paths, of which the first `outermost` may have files below, and
    /// of all names whether they are stored and their twins.
    pub(super) fn look_up_all<'p>(
        &self,
        id: &ProjectId,
        push: &'p Push,
        asked: &[&'p str],
        outermost: usize,
        current: &mut CurrentState<'p>,
    ) -> Result<Option<Project>, Error> {
        let most = asked.len().max(current.names.len());
        let mut project = None;
        for step in 0..most.div_ceil(STEP_PATHS).max(1) {
            let asked = asked.chunks(STEP_PATHS).nth(step).unwrap_or_default();
            let outermost = outermost.saturating_sub(step * STEP_PATHS);
            project = self.look_up(id, push, asked, outermost, step, current)?;
            if project.is_none() {
                break;
            }
        }
        Ok(project)
    }

    /// Adds what is stored at some paths, of which the first `outermost` may have files below, and the
    /// twins of the names of this step.
    fn look_up<'p>(
        &self,
        id: &ProjectId,
        push: &'p Push,
        asked: &[&'p str],
        outermost: usize,
        step: usize,
        current: &mut CurrentState<'p>,
    ) -> Result<Option<Project>, Error> {
        let names = current
            .names
            .chunks(STEP_PATHS)
            .nth(step)
            .unwrap_or_default();
        // Only matter to paths with files below and to names; with many deletions, most steps have none.
        let has_puts = outermost > 0 || !names.is_empty();
        let deletes = push.deletes.iter().filter(|_| has_puts);
        let deletes = deletes.map(|delete| delete.path.as_str());
        let rows = self.execute(
            &statement(),
            [
                id.as_str().into(),
                json_array(asked.iter().copied()),
                (outermost as i64).into(),
                json_array(deletes),
                forms(names),
            ],
        )?;
        let Some((project, rows)) = rows.split_first() else {
            return self.require_not_moved(id).map(|()| None);
        };
        let mut asked_names = HashMap::new();
        for name in current
            .names
            .iter_mut()
            .skip(step * STEP_PATHS)
            .take(STEP_PATHS)
        {
            name.is_stored = true;
            asked_names.insert(name.path, name);
        }
        let (newest, below) = (&mut current.newest, &mut current.below);
        for row in rows {
            match row.integer::<i64>(0)? {
                key @ 0.. => add_path(asked.get(key as usize).copied(), row, newest, below)?,
                _ => add_name(row, &mut asked_names)?,
            }
        }
        Project::from_row(project).map(Some)
    }
}

fn add_path<'p>(
    path: Option<&'p str>,
    row: &Row,
    newest: &mut HashMap<&'p str, Version>,
    below: &mut HashMap<&'p str, String>,
) -> Result<(), Error> {
    let path = path.ok_or(Error::Damaged("a path was not asked for"))?;
    newest.extend(version(path, row)?.map(|newest| (path, newest)));
    below.extend(row.optional_text(5)?.map(|below| (path, below.to_owned())));
    Ok(())
}

fn add_name(row: &Row, asked: &mut HashMap<&str, &mut Name>) -> Result<(), Error> {
    let name = asked.get_mut(row.text(9)?);
    let name = name.ok_or(Error::Damaged("a name was not asked for"))?;
    name.twins = row.texts(5)?;
    name.is_stored = row.integer::<i64>(8)? != 0;
    Ok(())
}

/// All paths to ask for, and how many of them, the first ones, may have files below: the puts but
/// for those below another, which are refused as it is. Their folders do not overlap, so no
/// file is looked at twice.
pub(super) fn paths(push: &Push) -> (Vec<&str>, usize) {
    let puts: HashSet<&str> = push.puts.iter().map(|put| put.path.as_str()).collect();
    let (outermost, nested): (Vec<_>, Vec<_>) = push
        .puts
        .iter()
        .map(|put| &put.path)
        .partition(|path| !path.folders().any(|folder| puts.contains(folder)));
    let deletes = push.deletes.iter().map(|delete| &delete.path);
    let files = outermost.iter().copied().chain(nested).chain(deletes);
    let folders: BTreeSet<&str> = push
        .puts
        .iter()
        .flat_map(|put| put.path.folders())
        .collect();
    let asked = files.map(FilePath::as_str).chain(folders).collect();
    (asked, outermost.len())
}

/// The project's row comes first, then one for each path that was asked for, and those of [`NAMES`].
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
           NULL, NULL, NULL, NULL, NULL
         FROM project CROSS JOIN json_each(?2) AS asked
         LEFT JOIN file ON file.project = number AND file.path = asked.value
         LEFT JOIN version ON version.project = number AND version.rev = file.rev
         WHERE project.id = ?1
         UNION ALL {NAMES}"
    )
}

fn version(path: &str, row: &Row) -> Result<Option<Version>, Error> {
    let Some(rev) = row.optional_integer(1)? else {
        return Ok(None);
    };
    Ok(Some(Version {
        rev,
        path: path.to_owned(),
        checksum: row.optional_checksum(2)?,
        size: row.integer(4)?,
        modified: row.integer(3)?,
        device: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Put;

    #[test]
    fn nothing_is_asked_below_a_put_that_lies_below_another() {
        let put = |path: &&str| Put::new(FilePath::parse(path).unwrap(), 0, None, Vec::new());
        let push = Push {
            puts: ["a/b", "c/d", "a", "a/b/c"].iter().map(put).collect(),
            ..Push::default()
        };
        let asked = vec!["c/d", "a", "a/b", "a/b/c", "a", "a/b", "c"];
        assert_eq!(paths(&push), (asked, 2));
    }
}
