//! Marks of what is waited for. Who waits compares them instead of asking for everything again.

use std::collections::BTreeMap;

use super::error::Error;
use super::row::{Row, json_array};
use super::store::Store;
use crate::domain::ProjectId;

/// What somebody may wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A change of this project.
    Project(ProjectId),
    /// A change of any project.
    AllProjects,
    /// The end of a device key or of its secret, by the public part of the key.
    Key(String),
}

impl Store {
    /// A mark for each of these that exists: a text that is another one after each change.
    pub fn marks<'a>(
        &self,
        subjects: impl Iterator<Item = &'a Subject> + Clone,
    ) -> Result<BTreeMap<Subject, String>, Error> {
        let projects = subjects.clone().filter_map(Subject::project);
        let keys = subjects.clone().filter_map(Subject::key);
        let has_all = subjects
            .clone()
            .any(|subject| *subject == Subject::AllProjects);
        // Sums the lower 32 bits: the sum of whole revs would overflow with some 5,000 projects.
        let rows = self.execute(
            "SELECT 'project', id, epoch || '-' || coalesce(head, 0) || '-' || tag FROM project
             WHERE id IN (SELECT value FROM json_each(?1))
             UNION ALL
             SELECT 'key', id, hex(hash) || '-' || coalesce(revoked_at, 0) FROM device_key
             WHERE id IN (SELECT value FROM json_each(?2))
             UNION ALL
             SELECT 'all', '', count(*) || '-' || coalesce(sum(head & 0xFFFFFFFF), 0) FROM project
             WHERE ?3",
            [
                json_array(projects),
                json_array(keys),
                i64::from(has_all).into(),
            ],
        )?;
        rows.into_iter().map(mark).collect()
    }
}

impl Subject {
    fn project(&self) -> Option<&str> {
        match self {
            Self::Project(id) => Some(id.as_str()),
            Self::AllProjects | Self::Key(_) => None,
        }
    }

    fn key(&self) -> Option<&str> {
        match self {
            Self::Key(id) => Some(id),
            Self::AllProjects | Self::Project(_) => None,
        }
    }
}

fn mark(mut row: Row) -> Result<(Subject, String), Error> {
    let id = row.take_text(1)?;
    let subject = match row.optional_text(0)? {
        Some("project") => {
            let id = ProjectId::parse(id);
            Subject::Project(id.ok_or(Error::Damaged("the id of a project breaks a rule"))?)
        }
        Some("key") => Subject::Key(id),
        _ => Subject::AllProjects,
    };
    Ok((subject, row.take_text(2)?))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, owner_key};
    use super::*;

    #[test]
    fn a_mark_changes_with_its_subject_and_no_other() {
        let file = TestFile::new();
        let store = file.store();
        let key = store.add_device_key(&owner_key(), 1).unwrap().id;
        let subjects = [
            Subject::Project(ProjectId::parse("test".to_owned()).unwrap()),
            Subject::Project(ProjectId::parse("other".to_owned()).unwrap()),
            Subject::AllProjects,
            Subject::Key(key.clone()),
        ];
        let mut before = BTreeMap::new();
        let mut changed = || {
            let marks = store.marks(subjects.iter()).unwrap();
            let before = std::mem::replace(&mut before, marks.clone());
            subjects
                .each_ref()
                .map(|subject| marks.get(subject) != before.get(subject))
        };
        assert_eq!(changed(), [false, false, true, true], "what exists");
        assert_eq!(changed(), [false; 4]);
        store.push_at(5, &[("a", Some("x"))]);
        assert_eq!(changed(), [true, false, true, false]);
        store.push_at(7, &[("a", Some("y"))]);
        assert_eq!(changed(), [true, false, true, false]);
        let Subject::Project(id) = &subjects[0] else {
            unreachable!()
        };
        store.delete_project(id, 8).unwrap();
        assert_eq!(changed(), [true, false, true, false]);
        store.revoke_device_key(&key, 9).unwrap();
        assert_eq!(changed(), [false, false, false, true]);
    }
}
