//! Lists the names that some system cannot hold.

use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::folding::fold;
use crate::domain::portability::UnportableName;

/// Names that some system cannot hold.
#[derive(Debug, Default)]
pub struct UnportablePage {
    /// At most as many as asked for; names that are one with each other are neighbours.
    pub names: Vec<UnportableName>,
    /// Whether more follow the last one.
    pub has_more: bool,
}

/// Names that some system cannot hold, of all projects.
#[derive(Debug)]
pub struct UnportableTotals {
    /// How many there are.
    pub names: u64,
    /// Projects whose names are not listed yet.
    pub unlisted: u64,
}

impl Store {
    /// Reads one row for each project.
    pub fn unportable_totals(&self) -> Result<UnportableTotals, Error> {
        let row = self.run(
            "SELECT coalesce(sum(unportable), 0), count(*) - count(unportable) FROM project",
        )?;
        let row = row.first().ok_or(Error::Damaged("a count has no row"))?;
        Ok(UnportableTotals {
            names: row.integer(0)?,
            unlisted: row.integer(1)?,
        })
    }

    /// At most `limit` names after `after`. Looks at every name of the project between two of them.
    pub fn unportable_names(
        &self,
        project: i64,
        after: &str,
        limit: usize,
    ) -> Result<UnportablePage, Error> {
        // One more than asked for shows whether more follow.
        let rows = self.execute(
            "SELECT path, fault, (SELECT json_group_array(path) FROM (
               SELECT path FROM live_name AS other
               WHERE other.project = ?1 AND other.folded = name.folded AND other.path <> name.path LIMIT 3))
             FROM live_name AS name
             WHERE project = ?1 AND (folded, path) > (?2, ?3) AND (fault OR EXISTS (
               SELECT 1 FROM live_name AS other
               WHERE other.project = ?1 AND other.folded = name.folded AND other.path <> name.path))
             ORDER BY folded, path LIMIT ?4",
            [
                project.into(),
                fold(after).as_str().into(),
                after.into(),
                (limit as i64 + 1).into(),
            ],
        )?;
        let has_more = rows.len() > limit;
        let names = rows.iter().take(limit).map(name);
        Ok(UnportablePage {
            names: names.collect::<Result<_, _>>()?,
            has_more,
        })
    }
}

fn name(row: &Row) -> Result<UnportableName, Error> {
    let path = row.text(0)?;
    let is_file = row.integer::<i64>(1)? != 0;
    let name = UnportableName::of(path, is_file, row.texts(2)?);
    name.ok_or(Error::Damaged("a name is said to have a fault"))
}
