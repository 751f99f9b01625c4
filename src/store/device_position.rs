//! How far a device has come in a project: with the pulls of the KamiFlow CLI, and in the change feed.

use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::pull_marks::Marks;
use crate::domain::{ProjectId, Rev};

/// How old what is written after an answer may get, in microseconds.
const DUE_US: Rev = 600_000_000;

/// How far a device has come in a project.
#[derive(Debug, Clone, Default)]
pub struct Position {
    /// How far its pulls have come; none before the first.
    pub marks: Option<Marks>,
    /// When its cursor was last written, in microseconds since 1970.
    cursor_at: Option<Rev>,
}

/// The columns of a [`Position`].
pub(super) const POSITION: &str = "asked, sent, confirmed, shared_until, cursor_at";

/// The cursor of a key in a project.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyCursor {
    /// The number of the key.
    pub key: i64,
    /// The id of the project.
    pub project: String,
    /// The cursor that the device sent.
    pub cursor: String,
}

/// Whether a time that was written at `at` is to be written again, also after a clock stepped back.
pub(super) fn is_due(at: Option<Rev>, now_us: Rev) -> bool {
    let is_fresh = |at: Rev| (0..DUE_US).contains(&(now_us - at));
    !at.is_some_and(is_fresh)
}

impl Position {
    /// Reads the columns [`POSITION`], which begin at `first`, or are not there.
    pub(super) fn from_row(row: &Row, first: usize) -> Result<Self, Error> {
        let number = |column| row.integer(first + column);
        let marks = |asked| {
            Ok::<_, Error>(Marks {
                asked,
                sent: number(1)?,
                confirmed: number(2)?,
                shared_until: number(3)?,
            })
        };
        Ok(Self {
            marks: row.optional_integer(first)?.map(marks).transpose()?,
            cursor_at: row.optional_integer(first + 4)?,
        })
    }

    /// Whether a cursor is to be written.
    pub fn cursor_is_due(&self, now_us: Rev) -> bool {
        is_due(self.cursor_at, now_us)
    }
}

impl Store {
    /// Writes how far the pulls of a key have come; nothing for a project of another epoch.
    pub fn set_pull_marks(
        &self,
        key: i64,
        project: i64,
        epoch: i64,
        marks: Marks,
    ) -> Result<(), Error> {
        self.execute(
            "INSERT INTO device_project (project, key, epoch, asked, sent, confirmed, shared_until)
             SELECT number, ?2, epoch, ?4, ?5, ?6, ?7 FROM project WHERE number = ?1 AND epoch = ?3
             ON CONFLICT (project, key) DO UPDATE SET asked = excluded.asked, sent = excluded.sent,
               confirmed = excluded.confirmed, shared_until = excluded.shared_until, epoch = excluded.epoch,
               cursor = iif(epoch = excluded.epoch, cursor, NULL),
               cursor_at = iif(epoch = excluded.epoch, cursor_at, NULL)",
            [
                project.into(),
                key.into(),
                epoch.into(),
                marks.asked.into(),
                marks.sent.into(),
                marks.confirmed.into(),
                marks.shared_until.into(),
            ],
        )
        .map(drop)
    }

    /// Writes the cursor of a request to the change feed.
    pub fn note_cursor(
        &self,
        key: i64,
        id: &ProjectId,
        cursor: &str,
        now_us: Rev,
    ) -> Result<(), Error> {
        self.execute(
            "INSERT INTO device_project (project, key, epoch, cursor, cursor_at)
             SELECT number, ?2, epoch, ?3, ?4 FROM project WHERE id = ?1
             ON CONFLICT (project, key) DO UPDATE SET cursor = excluded.cursor, cursor_at = excluded.cursor_at,
               asked = iif(epoch = excluded.epoch, asked, NULL), sent = iif(epoch = excluded.epoch, sent, NULL),
               confirmed = iif(epoch = excluded.epoch, confirmed, NULL),
               shared_until = iif(epoch = excluded.epoch, shared_until, NULL), epoch = excluded.epoch",
            [
                id.as_str().into(),
                key.into(),
                cursor.into(),
                now_us.into(),
            ],
        )
        .map(drop)
    }

    /// The cursors of all keys, in the order of projects.
    pub fn key_cursors(&self) -> Result<Vec<KeyCursor>, Error> {
        let rows = self.run(
            "SELECT key, id, cursor FROM device_project
             CROSS JOIN project ON number = project AND project.epoch = device_project.epoch
             WHERE cursor IS NOT NULL ORDER BY id, key",
        )?;
        let cursor = |mut row: Row| {
            Ok(KeyCursor {
                key: row.integer(0)?,
                project: row.take_text(1)?,
                cursor: row.take_text(2)?,
            })
        };
        rows.into_iter().map(cursor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, owner_key};
    use super::*;
    use crate::store::DeviceKey;

    const MARKS: Marks = Marks {
        asked: 1000,
        sent: 2001,
        confirmed: 3,
        shared_until: 4,
    };

    fn add_key(store: &Store) -> DeviceKey {
        store.add_device_key(&owner_key(), 1).unwrap()
    }

    #[test]
    fn marks_and_cursors_belong_to_one_life_of_a_project() {
        let file = TestFile::new();
        let store = file.store();
        let key = add_key(&store);
        let position = || {
            let key = store.device_key(&key.id, Some(&id())).unwrap().unwrap();
            key.position
        };
        let project = || store.project(&id()).unwrap().unwrap();
        store.push_at(1, &[("a", Some("x"))]);
        assert!(position().marks.is_none() && position().cursor_is_due(0));
        let (number, epoch) = (project().number, project().epoch);
        store.note_cursor(key.number, &id(), "5", 100).unwrap();
        store
            .set_pull_marks(key.number, number, epoch, MARKS)
            .unwrap();
        assert_eq!(position().marks, Some(MARKS));
        assert!(
            !position().cursor_is_due(100 + DUE_US - 1) && position().cursor_is_due(100 + DUE_US)
        );
        let cursor = KeyCursor {
            key: key.number,
            project: "test".to_owned(),
            cursor: "5".to_owned(),
        };
        assert_eq!(store.key_cursors().unwrap(), [cursor]);
        assert!(
            store
                .device_key(&key.id, None)
                .unwrap()
                .unwrap()
                .position
                .marks
                .is_none()
        );
        // A restore gives the project another epoch.
        store.renew_epochs().unwrap();
        assert!(position().marks.is_none() && store.key_cursors().unwrap().is_empty());
        store
            .set_pull_marks(key.number, number, epoch, MARKS)
            .unwrap();
        assert!(position().marks.is_none());
        store.note_cursor(key.number, &id(), "6", 200).unwrap();
        assert!(position().marks.is_none() && !position().cursor_is_due(200));
        store
            .set_pull_marks(key.number, number, project().epoch, MARKS)
            .unwrap();
        assert!(position().marks == Some(MARKS) && !position().cursor_is_due(200));
        store.delete_project(&id(), 100).unwrap();
        assert!(
            store
                .run("SELECT * FROM device_project")
                .unwrap()
                .is_empty()
        );
    }
}
