//! What changes in a restored backup before it takes the place of a database, so that no rev is
//! given out twice, clients notice, and no key opens what it did not open any more.

use super::device_key::DeviceKey;
use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::Rev;

/// The last rev of a project, existing or deleted.
#[derive(Debug, PartialEq, Eq)]
pub struct LastRev {
    /// The id of the project.
    pub project: String,
    /// The highest rev ever given out.
    pub rev: Rev,
}

impl Store {
    /// The last rev of every project that exists or ever existed.
    pub fn last_revs(&self) -> Result<Vec<LastRev>, Error> {
        let rows = self.run(
            "SELECT id, max(last_rev) FROM (SELECT id, last_rev FROM project
             UNION ALL SELECT id, last_rev FROM retired) GROUP BY id",
        )?;
        let last_rev = |mut row: Row| {
            Ok(LastRev {
                project: row.take_text(0)?,
                rev: row.integer(1)?,
            })
        };
        rows.into_iter().map(last_rev).collect()
    }

    /// Gives every project a new epoch, so that devices which saw later changes are told to start
    /// over.
    pub fn renew_epochs(&self) -> Result<(), Error> {
        self.run("UPDATE project SET epoch = random()").map(drop)
    }

    /// Lets the revs of a project, existing or not, continue after this one.
    pub fn raise_last_rev(&self, last: &LastRev) -> Result<(), Error> {
        let raised = self.first(
            "UPDATE project SET last_rev = max(last_rev, ?2) WHERE id = ?1 RETURNING number",
            [last.project.as_str().into(), last.rev.into()],
        )?;
        if raised.is_none() {
            self.execute(
                "INSERT INTO retired (id, last_rev) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET last_rev = max(last_rev, excluded.last_rev)",
                [last.project.as_str().into(), last.rev.into()],
            )?;
        }
        Ok(())
    }

    /// Lets the keys be as `before` has them: adds those that are missing, revokes those that it has revoked, and gives each
    /// the secrets that it has there if these are newer. Returns those that were revoked by this.
    ///
    /// A missing one is added also when it is revoked: a later backup, restored after this one, may have it from before that.
    pub fn follow_device_keys(&self, before: &[DeviceKey]) -> Result<Vec<DeviceKey>, Error> {
        let mut revoked = Vec::new();
        for key in before {
            let Some(own) = self.device_key(&key.id, None)? else {
                self.insert_device_key(key, &key.grant.projects)?;
                continue;
            };
            if key.secret_at > own.secret_at {
                self.replace_secrets(key)?;
            }
            if let (Some(at), None) = (key.revoked_at, own.revoked_at) {
                revoked.extend(self.revoke_device_key(&key.id, at)?);
            }
        }
        Ok(revoked)
    }

    fn replace_secrets(&self, key: &DeviceKey) -> Result<(), Error> {
        let previous = key.secrets.previous.as_ref();
        self.execute(
            "UPDATE device_key SET hash = ?2, secret_at = ?3, previous_hash = ?4, previous_until = ?5
             WHERE id = ?1",
            [
                key.id.as_str().into(),
                (&key.secrets.hash).into(),
                key.secret_at.into(),
                previous.map(|(hash, _)| hash).into(),
                previous.map(|(_, until)| *until).into(),
            ],
        )
        .map(drop)
    }

    /// Lets the revs of all projects continue after this one.
    pub fn raise_last_revs(&self, rev: Rev) -> Result<(), Error> {
        let raise = "UPDATE project SET last_rev = max(last_rev, ?1)";
        self.execute(raise, [rev.into()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id};
    use super::*;

    #[test]
    fn revs_go_on_after_those_of_the_database_before() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(5, &[("a", Some("x"))]);
        let epoch = store.project(&id()).unwrap().unwrap().epoch;
        store.renew_epochs().unwrap();
        assert_ne!(store.project(&id()).unwrap().unwrap().epoch, epoch);
        for (project, rev) in [("test", 40), ("test", 30), ("gone", 50)] {
            let project = project.to_owned();
            store.raise_last_rev(&LastRev { project, rev }).unwrap();
        }
        let last = |project: &str, rev| LastRev {
            project: project.to_owned(),
            rev,
        };
        assert_eq!(
            store.last_revs().unwrap(),
            [last("gone", 50), last("test", 40)]
        );
        assert_eq!(store.push_at(6, &[("a", Some("y"))]), [41]);
    }
}
