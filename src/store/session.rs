//! Sessions of the dashboard.

use super::device_position::is_due;
use super::error::Error;
use super::row::Value;
use super::store::Store;
use crate::domain::Rev;
use crate::domain::session::{IDLE_US, Proof, SessionId};

/// Sessions of one key; the one that was used least recently makes room for another.
const MAX_SESSIONS_PER_KEY: i64 = 20;

/// A session as it is stored.
pub struct Session {
    /// The id of the key of a device that has opened it; none for the owner.
    pub key: Option<String>,
    /// What has opened it.
    pub proof: Proof,
    /// When it was last used, up to ten minutes before, in microseconds since 1970.
    used_at: Rev,
}

impl Session {
    /// Whether the time of its last use is to be written.
    pub fn use_is_due(&self, now_us: Rev) -> bool {
        is_due(Some(self.used_at), now_us)
    }
}

impl Store {
    /// The session with this id, unless it has not been used for 12 hours.
    pub fn session(&self, id: &SessionId, now_us: Rev) -> Result<Option<Session>, Error> {
        let row = self.first(
            "SELECT key, proof, used_at FROM session WHERE hash = ?1 AND abs(?2 - used_at) < ?3",
            [hash(id), now_us.into(), IDLE_US.into()],
        )?;
        row.map(|row| {
            let proof = Proof::from_bytes(row.blob(1)?);
            Ok(Session {
                key: row.optional_text(0)?.map(str::to_owned),
                proof: proof.ok_or(Error::Damaged("a proof does not have 32 bytes"))?,
                used_at: row.integer(2)?,
            })
        })
        .transpose()
    }

    /// Opens a session, and removes those that are over. To be called in a transaction.
    pub fn open_session(
        &self,
        id: &SessionId,
        key: Option<&str>,
        proof: &Proof,
        now_us: Rev,
    ) -> Result<(), Error> {
        self.execute(
            "DELETE FROM session WHERE abs(?1 - used_at) >= ?2",
            [now_us.into(), IDLE_US.into()],
        )?;
        self.execute(
            "DELETE FROM session WHERE hash IN (
               SELECT hash FROM session WHERE key IS ?1 ORDER BY used_at DESC LIMIT -1 OFFSET ?2)",
            [key.into(), (MAX_SESSIONS_PER_KEY - 1).into()],
        )?;
        let proof = Value::Blob(proof.as_bytes().to_vec());
        self.execute(
            "INSERT INTO session (hash, key, proof, used_at) VALUES (?1, ?2, ?3, ?4)",
            [hash(id), key.into(), proof, now_us.into()],
        )?;
        Ok(())
    }

    /// Writes when a session was last used.
    pub fn note_session_use(&self, id: &SessionId, now_us: Rev) -> Result<(), Error> {
        let statement = "UPDATE session SET used_at = ?2 WHERE hash = ?1";
        self.execute(statement, [hash(id), now_us.into()]).map(drop)
    }

    /// Ends a session.
    pub fn end_session(&self, id: &SessionId) -> Result<(), Error> {
        let statement = "DELETE FROM session WHERE hash = ?1";
        self.execute(statement, [hash(id)]).map(drop)
    }

    /// Ends all sessions; there are none in a schema from before there were any.
    pub fn end_sessions(&self) -> Result<(), Error> {
        if self.has_table("session")? {
            self.run("DELETE FROM session").map(drop)
        } else {
            Ok(())
        }
    }
}

fn hash(id: &SessionId) -> Value {
    Value::Blob(id.hash().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::test_support::TestFile;
    use super::*;
    use crate::domain::session::Credential;

    const NOW: Rev = 1_795_000_000_000_000;

    fn id(seed: u64) -> SessionId {
        SessionId::generate(|| seed)
    }

    fn open(store: &Store, seed: u64, key: Option<&str>, now_us: Rev) {
        let proof = id(seed).proof(&Credential::OwnerKey("x"));
        store
            .write(|store| store.open_session(&id(seed), key, &proof, now_us))
            .unwrap();
    }

    #[test]
    fn a_session_ends_after_twelve_hours_without_a_request_and_at_once_when_it_is_ended() {
        let file = TestFile::new();
        let store = file.store();
        open(&store, 1, Some("device"), NOW);
        let at = |now_us| store.session(&id(1), now_us).unwrap();
        let session = at(NOW).unwrap();
        assert!(session.proof.is(&id(1).proof(&Credential::OwnerKey("x"))));
        assert_eq!(session.key.as_deref(), Some("device"));
        assert!(!session.use_is_due(NOW + 1) && session.use_is_due(NOW + 600_000_000));
        assert!(at(NOW + IDLE_US - 1).is_some() && at(NOW + IDLE_US).is_none());
        // A clock that was ahead.
        assert!(at(NOW - IDLE_US).is_none());
        store.note_session_use(&id(1), NOW + 1).unwrap();
        assert!(at(NOW + IDLE_US).is_some());
        assert!(store.session(&id(2), NOW).unwrap().is_none());
        store.end_session(&id(1)).unwrap();
        assert!(at(NOW).is_none());
    }

    #[test]
    fn a_key_has_some_sessions_and_takes_none_of_another() {
        let file = TestFile::new();
        let store = file.store();
        open(&store, 0, None, NOW);
        for seed in 1..=30 {
            open(&store, seed, Some("device"), NOW + seed as Rev);
        }
        let is_open = |seed: &u64| store.session(&id(*seed), NOW).unwrap().is_some();
        let opened: Vec<u64> = (0..=30).filter(is_open).collect();
        assert_eq!(opened[0], 0);
        assert_eq!(opened[1..], (11..=30).collect::<Vec<_>>());
        open(&store, 31, None, NOW + IDLE_US + 20);
        assert_eq!(store.run("SELECT 1 FROM session").unwrap().len(), 11);
        store.end_sessions().unwrap();
        assert!(store.run("SELECT 1 FROM session").unwrap().is_empty());
    }

    #[test]
    fn a_session_with_a_damaged_key_is_not_that_of_the_owner() {
        let file = TestFile::new();
        let store = file.store();
        open(&store, 1, Some("device"), NOW);
        let damage = "UPDATE session SET key = CAST(key AS BLOB)";
        store.run(damage).unwrap();
        assert!(store.session(&id(1), NOW).is_err());
    }
}
