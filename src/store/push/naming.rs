//! Lists the names of files that were stored before names were listed.

use crate::domain::name::names;
use crate::domain::{FilePath, ProjectId};
use crate::store::error::Error;
use crate::store::row::Row;
use crate::store::store::Store;

/// Files in one step: some ten milliseconds, so that others are served in between.
const STEP_FILES: i64 = 5_000;

impl Store {
    /// Runs `work`, and again after the names of the project are listed, if it needs them.
    pub(in crate::store) fn with_names<T>(
        &self,
        id: &ProjectId,
        work: impl Fn(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match work(self) {
            Err(Error::NamesNotListed) => {
                self.list_names(id)?;
                work(self)
            }
            done => done,
        }
    }

    /// Lists all names of a project, unless that was done: then it waits for no writer. Starts over when it was
    /// interrupted.
    pub fn list_names(&self, id: &ProjectId) -> Result<(), Error> {
        let project = self.project(id)?;
        if project.is_none_or(|project| project.unportable.is_some()) {
            return Ok(());
        }
        let mut after = String::new();
        while let Some(last) = self.write(|store| store.list_step(id, &after))? {
            after = last;
        }
        Ok(())
    }

    /// Lists them inside a transaction.
    pub(in crate::store) fn list_names_at_once(&self, id: &ProjectId) -> Result<(), Error> {
        let mut after = String::new();
        while let Some(last) = self.list_step(id, &after)? {
            after = last;
        }
        Ok(())
    }

    /// Lists the names of some files, in a transaction. Returns the last path, or none at the end.
    fn list_step(&self, id: &ProjectId, after: &str) -> Result<Option<String>, Error> {
        let Some(project) = self.project(id)?.filter(|it| it.unportable.is_none()) else {
            return Ok(None);
        };
        let rows = self.execute(
            "SELECT path FROM file WHERE project = ?1 AND path > ?2 AND deleted = 0
             ORDER BY path LIMIT ?3",
            [project.number.into(), after.into(), STEP_FILES.into()],
        )?;
        let path = |row: &Row| {
            let path = FilePath::parse(row.text(0)?);
            path.map_err(|_| Error::Damaged("a stored path breaks a rule"))
        };
        let paths: Vec<_> = rows.iter().map(path).collect::<Result<_, _>>()?;
        let names = names(paths.iter());
        self.add_names(project.number, &names.iter().collect::<Vec<_>>())?;
        match paths.last() {
            Some(last) => Ok(Some(last.to_string())),
            None => self.count_unportable(project.number).map(|()| None),
        }
    }

    fn count_unportable(&self, project: i64) -> Result<(), Error> {
        self.execute(
            "UPDATE project SET unportable = (
               SELECT count(*) FROM live_name AS name WHERE name.project = ?1 AND (fault OR EXISTS (
                 SELECT 1 FROM live_name AS other
                 WHERE other.project = ?1 AND other.folded = name.folded AND other.path <> name.path)))
             WHERE number = ?1",
            [project.into()],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    #[test]
    fn names_that_are_listed_wait_for_no_writer() {
        let file = TestFile::new();
        file.store().push_at(1, &[("a", Some("x"))]);
        let (writer, store) = (file.store(), file.store());
        let store = store.with_lock_timeout(std::time::Duration::ZERO);
        writer.run("BEGIN IMMEDIATE").unwrap();
        assert!(store.list_names(&id()).is_ok());
        writer.run("UPDATE project SET unportable = NULL").unwrap();
        writer.run("COMMIT").unwrap();
        writer.run("BEGIN IMMEDIATE").unwrap();
        assert!(matches!(store.list_names(&id()), Err(Error::Busy)));
    }
}
