//! What both sides had when they were last in sync, in `.kamiflow/.sync/kamisync.db`.
//!
//! It may lag behind the disk and the server, since it is written last: whatever was done and not
//! remembered looks like the same change on both sides. It must never be ahead of them. Without it, a
//! round finds out by comparing everything.

mod asked;
mod contents;
mod deletions;
mod entry;
mod file;
mod place;
mod unsent;
mod untaken;

pub use asked::subject;
pub use contents::Contents;
pub use deletions::Side;
pub use entry::{Entry, Pending, Sent, Update};
pub use unsent::Unsent;
pub use untaken::{AllUntaken, Said, Untaken};

use std::collections::BTreeMap;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension};

use crate::absence::Deletions;
use crate::config::Folder;
use crate::error::SyncError;
use crate::state_folder::no_links;

/// The remembered state of a folder.
pub struct State {
    connection: Connection,
    /// Each path that both sides had once.
    pub entries: BTreeMap<String, Entry>,
    /// Changes of the server that are not on this disk, by path.
    pub pending: BTreeMap<String, Pending>,
    unsent: BTreeMap<String, Unsent>,
    is_from_elsewhere: bool,
}

impl State {
    /// Opens what is remembered of a folder. A damaged file is put aside, and one of another project or of another
    /// folder forgotten: the next round compares everything.
    pub fn open(folder: &Folder) -> Result<Self, SyncError> {
        let mut state = Self::of(file::open(&folder.database())?)?;
        let project = project(folder);
        if state.meta("project")?.as_deref() != Some(project) {
            state.forget()?;
            state.set_meta("project", project)?;
        } else if !state.is_of_here(folder)? {
            state.forget()?;
            state.set_meta("project", project)?;
            state.is_from_elsewhere = true;
        }
        state.set_meta("place", &place::of(&folder.database()))?;
        if state.meta("selection")?.as_deref() != Some(folder.selection.fingerprint()) {
            state.set_cursor(None)?;
            state.set_meta("selection", folder.selection.fingerprint())?;
        }
        Ok(state)
    }

    /// What is remembered, for a look that changes nothing, also while another program works in the folder; nothing where
    /// nothing was, or of another project.
    pub fn look(folder: &Folder) -> Result<Self, SyncError> {
        if !folder.database().is_file() {
            return Self::of(file::in_memory()?);
        }
        no_links(&folder.state_folder())?;
        if let Some(connection) = file::look(&folder.database())? {
            let state = Self::of(connection)?;
            let is_of_project = state.meta("project")?.as_deref() == Some(project(folder));
            if is_of_project && state.is_of_here(folder)? {
                return Ok(state);
            }
        }
        Self::of(file::in_memory()?)
    }

    /// The project that a folder was synced with, as far as that is known.
    pub fn project(folder: &Folder) -> Result<Option<String>, SyncError> {
        if !folder.database().is_file() {
            return Ok(None);
        }
        no_links(&folder.state_folder())?;
        let connection = file::look(&folder.database())?;
        let project = connection.map(|connection| Self::of(connection)?.meta("project"));
        Ok(project.transpose()?.flatten())
    }

    fn of(connection: Connection) -> Result<Self, SyncError> {
        Ok(Self {
            entries: entry::entries(&connection)?,
            pending: entry::pending(&connection)?,
            unsent: unsent::read(&connection)?,
            is_from_elsewhere: false,
            connection,
        })
    }

    /// Whether it was remembered of this folder. Databases from before do not say.
    fn is_of_here(&self, folder: &Folder) -> Result<bool, SyncError> {
        let now = place::of(&folder.database());
        let before = self.meta("place")?;
        Ok(before.is_none_or(|before| place::is_same(&before, &now)))
    }

    /// Whether something was forgotten that was remembered of another folder.
    pub fn is_from_elsewhere(&self) -> bool {
        self.is_from_elsewhere
    }

    /// What need not be read again while the system describes it in the same way.
    pub fn contents(&self) -> Contents<'_> {
        Contents {
            entries: &self.entries,
            unsent: &self.unsent,
        }
    }

    /// Remembers the large files that the server does not have.
    pub fn set_unsent(&mut self, files: BTreeMap<String, Unsent>) -> Result<(), SyncError> {
        if self.unsent != files {
            unsent::replace(&mut self.connection, &files)?;
            self.unsent = files;
        }
        Ok(())
    }

    /// Where the change feed continues; none when everything has to be compared.
    pub fn cursor(&self) -> Result<Option<String>, SyncError> {
        self.meta("cursor")
    }

    /// Remembers where the change feed continues.
    pub fn set_cursor(&mut self, cursor: Option<&str>) -> Result<(), SyncError> {
        match cursor {
            Some(cursor) => self.set_meta("cursor", cursor),
            None => {
                let statement = "DELETE FROM meta WHERE name = 'cursor'";
                self.connection.execute(statement, ())?;
                Ok(())
            }
        }
    }

    /// Writes updates together, with the cursor that they lead to.
    pub fn write(&mut self, updates: &[Update], cursor: Option<&str>) -> Result<(), SyncError> {
        if updates.is_empty() && cursor == self.cursor()?.as_deref() {
            return Ok(());
        }
        let updates = updates.iter().map(|update| update.after(&self.entries));
        let updates: Vec<Update> = updates.collect();
        let is_pending = |update: &Update| matches!(update, Update::Pending(..));
        // Most rounds have nothing pending: then each entry is one statement, not two.
        let has_pending = !self.pending.is_empty() || updates.iter().any(is_pending);
        let transaction = self.connection.transaction()?;
        for update in &updates {
            update.write(&transaction, has_pending)?;
        }
        if let Some(cursor) = cursor {
            transaction.execute(SET_META, ("cursor", cursor))?;
        }
        transaction.commit()?;
        for update in updates {
            update.apply(&mut self.entries, &mut self.pending);
        }
        Ok(())
    }

    /// A value by name.
    pub fn meta(&self, name: &str) -> Result<Option<String>, SyncError> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        let value = self.connection.query_row(query, [name], |row| row.get(0));
        Ok(value.optional()?)
    }

    /// Remembers a value by name.
    pub fn set_meta(&mut self, name: &str, value: &str) -> Result<(), SyncError> {
        if self.meta(name)?.as_deref() != Some(value) {
            self.connection.execute(SET_META, (name, value))?;
        }
        Ok(())
    }

    /// What was deleted on one side within the last hour.
    pub fn recent_deletions(&self, side: Side) -> Result<Deletions, SyncError> {
        Ok(deletions::recent(
            &self.connection,
            side,
            SystemTime::now(),
        )?)
    }

    /// Remembers deletions out of so many files, which count for the next hour.
    pub fn add_deletions(
        &mut self,
        side: Side,
        paths: &[&str],
        files: usize,
    ) -> Result<(), SyncError> {
        let now = SystemTime::now();
        Ok(deletions::add(
            &mut self.connection,
            side,
            paths,
            files,
            now,
        )?)
    }

    /// What was deleted on one side until now was meant.
    pub fn forget_deletions(&mut self, side: Side) -> Result<(), SyncError> {
        Ok(deletions::forget(&self.connection, side)?)
    }

    fn forget(&mut self) -> Result<(), SyncError> {
        let all = "BEGIN; DELETE FROM entry; DELETE FROM pending; DELETE FROM meta;
            DELETE FROM deletion; DELETE FROM unsent; COMMIT";
        self.connection.execute_batch(all)?;
        self.entries.clear();
        self.pending.clear();
        self.unsent.clear();
        Ok(())
    }
}

fn project(folder: &Folder) -> &str {
    folder.settings.project_id.as_deref().unwrap_or_default()
}

const SET_META: &str =
    "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(root: &std::path::Path, settings: &str) -> Folder {
        std::fs::create_dir_all(root.join(".kamiflow/.sync")).unwrap();
        std::fs::write(root.join(".kamirc.json"), settings).unwrap();
        Folder::open(root).unwrap()
    }

    const PROJECT: &str = r#"{"sync": {"projectId": "p"}}"#;

    fn live(rev: u64) -> Entry {
        Entry {
            rev,
            checksum: Some("c".to_owned()),
            stamp: "s".to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let mut state = State::open(&folder).unwrap();
        let pending = Pending {
            rev: 9,
            checksum: None,
            modified: -1,
            reason: "is open".to_owned(),
        };
        let updates = [
            Update::Entry("a".to_owned(), live(5)),
            Update::Entry("b".to_owned(), live(6)),
            Update::Pending("c".to_owned(), pending.clone()),
            Update::Forget("b".to_owned()),
        ];
        state.write(&updates, Some("cursor")).unwrap();
        for state in [state, State::open(&folder).unwrap()] {
            let entries: Vec<_> = state.entries.iter().collect();
            assert_eq!(entries, [(&"a".to_owned(), &live(5))]);
            assert_eq!(state.pending["c"], pending);
            assert_eq!(state.cursor().unwrap().as_deref(), Some("cursor"));
        }
    }

    #[test]
    fn the_version_that_was_here_before_is_remembered() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let mut state = State::open(&folder).unwrap();
        for (rev, previous) in [
            (5, 0),
            (5, 0),
            (7, 5),
            (7, 5),
            (9, 7),
            (0, 0),
            (4, 0),
            (6, 4),
        ] {
            let update = Update::Entry("a".to_owned(), live(rev));
            state.write(&[update], None).unwrap();
            for state in [&state, &State::open(&folder).unwrap()] {
                assert_eq!(state.entries["a"].previous, previous, "{rev}");
            }
        }
    }

    #[test]
    fn an_entry_ends_what_was_pending() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let mut state = State::open(&folder).unwrap();
        let pending = Pending {
            rev: 1,
            checksum: None,
            modified: 0,
            reason: String::new(),
        };
        let updates = [
            Update::Pending("a".to_owned(), pending),
            Update::Entry("a".to_owned(), live(2)),
        ];
        state.write(&updates, None).unwrap();
        assert!(state.pending.is_empty());
        assert!(State::open(&folder).unwrap().pending.is_empty());
    }

    #[test]
    fn another_project_starts_with_nothing_and_another_selection_without_cursor() {
        let root = tempfile::tempdir().unwrap();
        let mut state = State::open(&folder(root.path(), PROJECT)).unwrap();
        let entry = [Update::Entry("a".to_owned(), live(5))];
        state.write(&entry, Some("cursor")).unwrap();
        drop(state);
        let other = r#"{"sync": {"projectId": "p", "categories": ["ideas"]}}"#;
        let state = State::open(&folder(root.path(), other)).unwrap();
        assert_eq!((state.entries.len(), state.cursor().unwrap()), (1, None));
        drop(state);
        let other = r#"{"sync": {"projectId": "q"}}"#;
        let state = State::open(&folder(root.path(), other)).unwrap();
        assert_eq!((state.entries.len(), state.cursor().unwrap()), (0, None));
    }

    #[test]
    fn what_was_sent_is_remembered_and_a_database_from_before_is_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let before = Connection::open(folder.database()).unwrap();
        before.execute_batch(file::first_step()).unwrap();
        let row = "INSERT INTO entry VALUES ('a', 5, 'c', 's', 'x');
            INSERT INTO meta VALUES ('project', 'p'); PRAGMA user_version = 1";
        before.execute_batch(row).unwrap();
        drop(before);
        let mut state = State::open(&folder).unwrap();
        assert_eq!(state.entries["a"], live(5));
        let sent = Sent {
            checksum: "x".to_owned(),
            modified: 7,
        };
        let entry = Entry {
            sent: Some(sent),
            ..live(5)
        };
        let update = [Update::Entry("a".to_owned(), entry.clone())];
        state.write(&update, None).unwrap();
        assert_eq!(State::open(&folder).unwrap().entries["a"], entry);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        std::fs::write(folder.database(), b"this is no database").unwrap();
        let state = State::open(&folder).unwrap();
        assert!(state.entries.is_empty());
        let aside = folder.state_folder().join("kamisync.db.damaged");
        assert_eq!(std::fs::read(aside).unwrap(), b"this is no database");
    }

    fn database(folder: &Folder, statements: &str) -> Vec<u8> {
        _ = std::fs::remove_file(folder.database());
        let connection = Connection::open(folder.database()).unwrap();
        connection.execute_batch(statements).unwrap();
        drop(connection);
        std::fs::read(folder.database()).unwrap()
    }

    #[test]
    fn a_database_without_its_tables_is_put_aside() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        for odd in ["PRAGMA user_version = 1", "CREATE TABLE entry (a)"] {
            let before = database(&folder, odd);
            for _ in 0..2 {
                assert!(State::open(&folder).unwrap().entries.is_empty());
            }
            let aside = folder.state_folder().join("kamisync.db.damaged");
            assert_eq!(std::fs::read(aside).unwrap(), before);
        }
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let before = database(&folder, "CREATE TABLE newer (a); PRAGMA user_version = 99");
        for refused in [State::open(&folder), State::look(&folder)] {
            let said = refused.err().unwrap().to_string();
            assert!(said.contains("newer kamisync"), "{said}");
        }
        assert_eq!(std::fs::read(folder.database()).unwrap(), before);
    }

    #[test]
    fn a_look_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), PROJECT);
        let older = database(&folder, "CREATE TABLE entry (a)");
        for before in [older, b"this is no database".to_vec(), Vec::new()] {
            std::fs::write(folder.database(), &before).unwrap();
            assert!(State::look(&folder).unwrap().entries.is_empty());
            assert_eq!(std::fs::read(folder.database()).unwrap(), before);
            assert_eq!(folder.state_folder().read_dir().unwrap().count(), 1);
        }
    }
}
