//! Stores files one by one, each at its own time and by the rules of a push.
//!
//! For moving in: the revs of a history from elsewhere are not those of now, and one file that a
//! rule refuses does not keep the others out.

use super::insert::Writing;
use crate::domain::{Plan, ProjectId, Push, Put, Rev, Rules, Status, Version};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::store::Store;

/// A project that is imported into. To be used inside a transaction; nothing counts before
/// [`Import::finish`].
pub struct Import<'s> {
    store: &'s Store,
    id: ProjectId,
    project: Project,
    device: &'static str,
}

impl Store {
    /// Begins to import into a project, which is made if it does not exist. `device` is what its
    /// history shows.
    pub fn import(
        &self,
        id: ProjectId,
        device: &'static str,
        now_us: Rev,
    ) -> Result<Import<'_>, Error> {
        let project = match self.project(&id)? {
            Some(project) => {
                self.list_names_at_once(&id)?;
                project
            }
            None => self.create_project(&id, now_us)?,
        };
        Ok(Import {
            store: self,
            id,
            project,
            device,
        })
    }
}

impl Import<'_> {
    /// Live files.
    pub fn file_count(&self) -> u64 {
        self.project.file_count
    }

    /// The newest version of the path of a file, if it ever had one.
    pub fn newest(&self, put: &Put) -> Result<Option<Version>, Error> {
        let newest = self.store.newest_version(self.project.number, &put.path)?;
        Ok(newest.map(|stored| stored.version))
    }

    /// Stores one file. Its rev is `at_us`, or one more than the last if that is not later.
    /// [`Error::Rejected`] when a rule forbids it; nothing is stored then.
    pub fn put(&mut self, put: Put, at_us: Rev, rules: &Rules) -> Result<Status, Error> {
        let push = Push {
            puts: vec![put],
            device: Some(self.device.to_owned()),
            ..Push::default()
        };
        let (_, current) = self.store.current_state(&self.id, &push)?;
        let plan = rules.plan(&push, &current)?;
        let mut project = self.project.clone();
        let numberings = project.number_plan(&plan, at_us, rules.max_files)?;
        self.store.write_plan(&Writing {
            push: &push,
            plan: &plan,
            numberings: &numberings,
            names: &current.names,
            project: &project,
            before: None,
        })?;
        self.project = project;
        let status = plan.steps.first().map(|step| step.status);
        Ok(status.unwrap_or(Status::Unchanged))
    }

    /// Writes the project's name and repository where it has none.
    pub fn finish(self, name: Option<&str>, git_repo: Option<&str>) -> Result<(), Error> {
        let known = self.store.project_summary(&self.id)?;
        let known = known.ok_or(Error::Damaged("a project is gone"))?;
        let name = name.filter(|_| known.name.is_none());
        let git_repo = git_repo.filter(|_| known.git_repo.is_none());
        self.store.write_plan(&Writing {
            push: &Push {
                name: name.map(str::to_owned),
                git_repo: git_repo.map(str::to_owned),
                ..Push::default()
            },
            plan: &Plan::default(),
            numberings: &[],
            names: &[],
            project: &self.project,
            before: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id, put, rules};

    #[test]
    fn files_are_stored_at_their_own_times_and_a_refused_one_keeps_no_other_out() {
        let file = TestFile::new();
        let store = file.store();
        let imported = store.write(|store| {
            let mut import = store.import(id(), "import", 900)?;
            import.put(put("a", "one"), 7, &rules())?;
            let clash = import.put(put("a/b", "two"), 8, &rules());
            assert!(matches!(clash, Err(Error::Rejected(_))));
            import.put(put("c", "three"), 5, &rules())?;
            assert_eq!(import.newest(&put("c", ""))?.unwrap().rev, 8);
            let count = import.file_count();
            import.finish(Some("name"), None).map(|()| count)
        });
        assert_eq!(imported.unwrap(), 2);
        let summary = store.project_summary(&id()).unwrap().unwrap();
        assert_eq!(summary.name.as_deref(), Some("name"));
        assert_eq!(
            (summary.project.file_count, summary.project.last_rev),
            (2, 8)
        );
    }
}
