//! Keys of devices.

use std::collections::BTreeSet;

use super::device_position::{POSITION, Position, is_due};
use super::error::Error;
use super::row::{Row, Value, json_array};
use super::store::Store;
use crate::domain::key::{Grant, KeyId, KeyName, Projects, Scope, SecretHash, Secrets};
use crate::domain::{ProjectId, Rev};

/// The most keys that are not revoked.
const MAX_KEYS: i64 = 1000;

/// A key as it is stored.
#[derive(Clone)]
pub struct DeviceKey {
    /// Its key in other tables.
    pub number: i64,
    /// The public part of the key.
    pub id: String,
    /// The name that its owner gave it.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// What opens it.
    pub secrets: Secrets,
    /// When the newest secret was made. All times are in microseconds since 1970.
    pub secret_at: Rev,
    /// When the key was made.
    pub created_at: Rev,
    /// Since when it opens nothing.
    pub revoked_at: Option<Rev>,
    /// When it was last used, up to ten minutes before.
    pub last_used_at: Option<Rev>,
    /// How far the device has come in the project that was asked for.
    pub position: Position,
}

impl DeviceKey {
    /// Whether the time of its last use is to be written.
    pub fn use_is_due(&self, now_us: Rev) -> bool {
        is_due(self.last_used_at, now_us)
    }

    /// When one of its secrets opens less than now, as far as that is known: at its expiry, or at the
    /// end of the secret before.
    pub fn next_change(&self, now_us: Rev) -> Option<Rev> {
        let previous = self.secrets.previous.as_ref();
        let previous = previous.map(|(_, until)| *until);
        let changes = [self.grant.expires_at, previous].into_iter().flatten();
        changes.filter(|at| *at > now_us).min()
    }
}

/// A key to make.
pub struct NewKey {
    /// The public part of the key.
    pub id: KeyId,
    /// The name that its owner gives it.
    pub name: KeyName,
    /// What it may do.
    pub grant: Grant,
    /// The hash of its secret.
    pub hash: SecretHash,
}

/// Qualified, because another table has columns of the same names.
const COLUMNS: &str = "device_key.number, device_key.id, device_key.name, scope, projects, hash, secret_at, \
                       previous_hash, previous_until, created_at, expires_at, revoked_at, last_used_at";

impl Store {
    /// The key with this id, revoked or not, and how far its device has come in a project: in one
    /// statement, since every request needs it.
    pub fn device_key(
        &self,
        id: &str,
        project: Option<&ProjectId>,
    ) -> Result<Option<DeviceKey>, Error> {
        let statement = format!(
            "SELECT {COLUMNS}, {POSITION} FROM device_key
             LEFT JOIN project ON project.id = ?2
             LEFT JOIN device_project ON device_project.project = project.number
               AND device_project.key = device_key.number AND device_project.epoch = project.epoch
             WHERE device_key.id = ?1"
        );
        let project = project.map(ProjectId::as_str);
        self.one_key(&statement, [id.into(), project.into()])
    }

    /// Every key that is not revoked, the newest first.
    pub fn device_keys(&self) -> Result<Vec<DeviceKey>, Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM device_key WHERE revoked_at IS NULL ORDER BY number DESC"
        );
        self.run(&statement)?.into_iter().map(device_key).collect()
    }

    /// Every key, revoked or not.
    pub fn every_device_key(&self) -> Result<Vec<DeviceKey>, Error> {
        let statement = format!("SELECT {COLUMNS} FROM device_key ORDER BY number");
        self.run(&statement)?.into_iter().map(device_key).collect()
    }

    /// Whether the schema has keys, which the oldest ones do not.
    pub fn has_device_keys(&self) -> Result<bool, Error> {
        self.has_table("device_key")
    }

    /// Makes a key; [`Error::TooManyKeys`] when there are 1,000 that are not revoked.
    pub fn add_device_key(&self, key: &NewKey, now_us: Rev) -> Result<DeviceKey, Error> {
        let statement = format!(
            "INSERT INTO device_key (id, name, scope, projects, hash, secret_at, created_at, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7
             WHERE (SELECT count(*) FROM device_key WHERE revoked_at IS NULL) < ?8
             ON CONFLICT (id) DO NOTHING RETURNING {COLUMNS}"
        );
        let parameters = [
            key.id.as_str().into(),
            key.name.as_str().into(),
            key.grant.scope.as_str().into(),
            (&key.grant.projects).into(),
            (&key.hash).into(),
            now_us.into(),
            key.grant.expires_at.into(),
            MAX_KEYS.into(),
        ];
        self.one_key(&statement, parameters)?
            .ok_or(Error::TooManyKeys(MAX_KEYS))
    }

    /// Adds a key of another database, with the projects that it opens in this one.
    pub(super) fn insert_device_key(
        &self,
        key: &DeviceKey,
        projects: &Projects,
    ) -> Result<(), Error> {
        let previous = key.secrets.previous.as_ref();
        self.execute(
            "INSERT INTO device_key (id, name, scope, projects, hash, secret_at, previous_hash, previous_until,
               created_at, expires_at, revoked_at, last_used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            [
                key.id.as_str().into(),
                key.name.as_str().into(),
                key.grant.scope.as_str().into(),
                projects.into(),
                (&key.secrets.hash).into(),
                key.secret_at.into(),
                previous.map(|(hash, _)| hash).into(),
                previous.map(|(_, until)| *until).into(),
                key.created_at.into(),
                key.grant.expires_at.into(),
                key.revoked_at.into(),
                key.last_used_at.into(),
            ],
        )
        .map(drop)
    }

    /// Gives a key that is not revoked another secret. The one before works until `previous_until`,
    /// and the one before that no more.
    pub fn rotate_device_key(
        &self,
        id: &str,
        hash: &SecretHash,
        now_us: Rev,
        previous_until: Rev,
    ) -> Result<Option<DeviceKey>, Error> {
        let statement = format!(
            "UPDATE device_key SET hash = ?2, secret_at = ?3, previous_hash = hash, previous_until = ?4
             WHERE id = ?1 AND revoked_at IS NULL RETURNING {COLUMNS}"
        );
        let parameters = [id.into(), hash.into(), now_us.into(), previous_until.into()];
        self.one_key(&statement, parameters)
    }

    /// Revokes a key, which keeps the time of its first revocation.
    pub fn revoke_device_key(&self, id: &str, now_us: Rev) -> Result<Option<DeviceKey>, Error> {
        let statement = format!(
            "UPDATE device_key SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1
             RETURNING {COLUMNS}"
        );
        self.one_key(&statement, [id.into(), now_us.into()])
    }

    /// Writes when a key was last used.
    pub fn note_key_use(&self, number: i64, now_us: Rev) -> Result<(), Error> {
        let statement = "UPDATE device_key SET last_used_at = ?2 WHERE number = ?1";
        self.execute(statement, [number.into(), now_us.into()])
            .map(drop)
    }

    fn one_key(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Option<DeviceKey>, Error> {
        self.first(statement, parameters)?
            .map(device_key)
            .transpose()
    }
}

impl From<&SecretHash> for Value {
    fn from(hash: &SecretHash) -> Self {
        Self::Blob(hash.as_bytes().to_vec())
    }
}

/// Their ids as a JSON array; null for all.
impl From<&Projects> for Value {
    fn from(projects: &Projects) -> Self {
        match projects {
            Projects::All => Self::Null,
            Projects::Only(ids) => json_array(ids.iter().map(ProjectId::as_str)),
        }
    }
}

fn device_key(mut row: Row) -> Result<DeviceKey, Error> {
    Ok(DeviceKey {
        number: row.integer(0)?,
        id: row.take_text(1)?,
        name: row.take_text(2)?,
        grant: grant(&row)?,
        secrets: secrets(&row)?,
        secret_at: row.integer(6)?,
        created_at: row.integer(9)?,
        revoked_at: row.optional_integer(11)?,
        last_used_at: row.optional_integer(12)?,
        position: Position::from_row(&row, 13)?,
    })
}

fn grant(row: &Row) -> Result<Grant, Error> {
    let scope = Scope::parse(row.text(3)?);
    let only = row.optional_text(4)?.map(project_ids).transpose()?;
    Ok(Grant {
        scope: scope.ok_or(Error::Damaged("a key has an unknown scope"))?,
        projects: only.map_or(Projects::All, Projects::Only),
        expires_at: row.optional_integer(10)?,
    })
}

fn project_ids(json: &str) -> Result<BTreeSet<ProjectId>, Error> {
    let ids: Option<Vec<String>> = serde_json::from_str(json).ok();
    let ids = ids.and_then(|ids| ids.into_iter().map(ProjectId::parse).collect());
    ids.ok_or(Error::Damaged("a key has no list of projects"))
}

fn secrets(row: &Row) -> Result<Secrets, Error> {
    let hash = |bytes| {
        let hash = SecretHash::from_bytes(bytes);
        hash.ok_or(Error::Damaged("a hash does not have 32 bytes"))
    };
    let previous = row.optional_blob(7)?.map(hash).transpose()?;
    Ok(Secrets {
        hash: hash(row.blob(5)?)?,
        previous: previous.zip(row.optional_integer(8)?),
    })
}

#[cfg(test)]
mod tests {
    use super::super::test_support::TestFile;
    use super::*;
    use crate::domain::key::KeyText;

    fn new_key(seed: u64) -> (KeyText, NewKey) {
        let mut number = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let text = KeyText::generate(|| {
            number = number.rotate_left(23).wrapping_mul(0x2545_f491_4f6c_dd1d);
            number
        });
        let project = ProjectId::parse("p".to_owned()).unwrap();
        let key = NewKey {
            id: text.id.clone(),
            name: KeyName::parse("laptop").unwrap(),
            grant: Grant {
                scope: Scope::Append,
                projects: Projects::Only([project].into()),
                expires_at: Some(900),
            },
            hash: text.hash(),
        };
        (text, key)
    }

    #[test]
    fn a_key_is_found_by_its_id_until_for_ever_and_listed_until_it_is_revoked() {
        let file = TestFile::new();
        let store = file.store();
        let (text, new) = new_key(1);
        let added = store.add_device_key(&new, 5).unwrap();
        let found = || store.device_key(text.id.as_str(), None).unwrap().unwrap();
        assert!(added.grant == new.grant && found().grant == new.grant);
        assert!(found().secrets.accept(&text.hash(), 0));
        assert_eq!((found().created_at, found().name.as_str()), (5, "laptop"));
        assert!(store.device_key("0000000000", None).unwrap().is_none());
        assert_eq!(store.device_keys().unwrap().len(), 1);
        for at in [7, 8] {
            let revoked = store.revoke_device_key(text.id.as_str(), at);
            assert_eq!(revoked.unwrap().unwrap().revoked_at, Some(7));
        }
        assert!(store.device_keys().unwrap().is_empty());
        assert_eq!(found().revoked_at, Some(7));
        let rotated = store.rotate_device_key(text.id.as_str(), &text.hash(), 9, 9);
        assert!(rotated.unwrap().is_none());
    }

    #[test]
    fn a_rotated_key_has_two_secrets_at_most() {
        let file = TestFile::new();
        let store = file.store();
        let (first, new) = new_key(1);
        store.add_device_key(&new, 5).unwrap();
        let rotate = |seed, until| {
            let text = KeyText::renew(first.id.clone(), || seed);
            let id = first.id.as_str();
            let key = store.rotate_device_key(id, &text.hash(), 6, until);
            (text, key.unwrap().unwrap().secrets)
        };
        let (second, secrets) = rotate(2, 100);
        assert!(secrets.accept(&first.hash(), 99) && !secrets.accept(&first.hash(), 100));
        assert!(secrets.accept(&second.hash(), 100));
        let (third, secrets) = rotate(3, 200);
        assert!(secrets.accept(&third.hash(), 99) && secrets.accept(&second.hash(), 99));
        assert!(!secrets.accept(&first.hash(), 99));
    }

    #[test]
    fn a_key_may_open_less_at_its_expiry_and_when_the_secret_before_ends() {
        let file = TestFile::new();
        let store = file.store();
        let (text, new) = new_key(1);
        let key = store.add_device_key(&new, 5).unwrap();
        assert_eq!(
            (key.next_change(899), key.next_change(900)),
            (Some(900), None)
        );
        let rotated = store.rotate_device_key(text.id.as_str(), &text.hash(), 6, 100);
        let key = rotated.unwrap().unwrap();
        assert_eq!(
            (key.next_change(99), key.next_change(100)),
            (Some(100), Some(900))
        );
    }

    #[test]
    fn the_time_of_the_last_use_is_ten_minutes_old_at_most() {
        let file = TestFile::new();
        let store = file.store();
        let key = store.add_device_key(&new_key(1).1, 5).unwrap();
        assert!(key.use_is_due(6));
        store.note_key_use(key.number, 7).unwrap();
        let key = store.device_key(&key.id, None).unwrap().unwrap();
        assert_eq!(key.last_used_at, Some(7));
        assert!(
            !key.use_is_due(7)
                && !key.use_is_due(6 + 600_000_000)
                && key.use_is_due(7 + 600_000_000)
        );
        // A clock that stepped back.
        assert!(key.use_is_due(6));
    }

    #[test]
    fn there_is_a_limit_for_keys_that_are_not_revoked() {
        let file = TestFile::new();
        let store = file.store();
        store
            .write(|store| {
                for seed in 0..MAX_KEYS {
                    store.add_device_key(&new_key(1 + seed as u64).1, 1)?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        let (_, more) = new_key(MAX_KEYS as u64 + 1);
        let full = store.add_device_key(&more, 1);
        assert!(matches!(full, Err(Error::TooManyKeys(MAX_KEYS))));
        store
            .revoke_device_key(new_key(1).0.id.as_str(), 2)
            .unwrap();
        assert!(store.add_device_key(&more, 1).is_ok());
    }

    #[test]
    fn a_damaged_key_opens_no_more_than_it_did() {
        let file = TestFile::new();
        let store = file.store();
        let (text, new) = new_key(1);
        store.add_device_key(&new, 5).unwrap();
        let found = || store.device_key(text.id.as_str(), None);
        for (column, value) in [
            ("projects", "CAST(projects AS BLOB)"),
            ("revoked_at", "'long ago'"),
            ("expires_at", "x'01'"),
        ] {
            store.run("BEGIN").unwrap();
            let damage = format!("UPDATE device_key SET {column} = {value}");
            store.run(&damage).unwrap();
            assert!(matches!(found(), Err(Error::Damaged(_))), "{column}");
            store.run("ROLLBACK").unwrap();
        }
        assert!(found().unwrap().is_some());
    }
}
