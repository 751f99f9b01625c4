//! The names of live files and of their folders, by the form that they have in common with those that
//! are one with them. Triggers count the names that some system cannot hold.

use crate::domain::fault::faults;
use crate::domain::name::{Name, names};
use crate::domain::{Plan, Status, Step};
use crate::store::error::Error;
use crate::store::row::{Value, json_array};
use crate::store::store::Store;

/// A row for each name of `?5` that is not stored, or that has others of its form. Of its eleven columns
/// the first is negative, the sixth has at most three of the others which are left when the paths of
/// `?4` are deleted, the ninth tells whether the name is stored, and the tenth is its path.
pub(super) const NAMES: &str = "SELECT -1, NULL, NULL, NULL, NULL,
    (SELECT json_group_array(path) FROM (
       SELECT path FROM live_name
       WHERE project = number AND folded = asked.value AND path <> asked.key
         AND (EXISTS (
           SELECT 1 FROM file WHERE file.project = number AND file.path = live_name.path AND deleted = 0
             AND file.path NOT IN (SELECT value FROM json_each(?4)))
         OR EXISTS (
           SELECT 1 FROM file WHERE file.project = number AND deleted = 0
             AND file.path > live_name.path || '/' AND file.path < live_name.path || '0'
             AND file.path NOT IN (SELECT value FROM json_each(?4))))
       LIMIT 3)),
    NULL, NULL,
    EXISTS (SELECT 1 FROM live_name WHERE project = number AND folded = asked.value AND path = asked.key),
    asked.key, NULL
  FROM project CROSS JOIN json_each(?5) AS asked
  WHERE project.id = ?1 AND (
    NOT EXISTS (SELECT 1 FROM live_name WHERE project = number AND folded = asked.value AND path = asked.key)
    OR EXISTS (SELECT 1 FROM live_name WHERE project = number AND folded = asked.value AND path <> asked.key))";

/// Names that are added in one statement.
pub(super) const MAX_NAMES: usize = 20_000;

/// The paths of names with their forms, as an object for [`NAMES`] and the trigger of a push: SQLite reads
/// that faster than an array of pairs.
pub(super) fn forms(names: &[Name]) -> Value {
    object(names.iter())
}

fn object<'n>(names: impl Iterator<Item = &'n Name<'n>>) -> Value {
    let forms = names.map(|name| (name.path, name.folded.as_str()));
    Value::Text(serde_json::Value::from_iter(forms).to_string())
}

/// The forms of the names that a plan leaves without a file, unless others need them; null for none.
pub(super) fn gone_names(plan: &Plan) -> Value {
    let is_deletion = |step: &&Step| step.status == Status::Deleted;
    let deleted = plan.steps.iter().filter(is_deletion);
    match names(deleted.map(|step| step.path)) {
        none if none.is_empty() => Value::Null,
        gone => forms(&gone),
    }
}

impl Store {
    /// The forms and the faults of the names that a plan makes, to be written with it; null for none. Of
    /// very many names the first are written at once.
    pub(super) fn new_names(
        &self,
        project: i64,
        plan: &Plan,
        names: &[Name],
    ) -> Result<(Value, Value), Error> {
        let created = plan.created_names();
        // A name with a fault may be stored as one of a folder and become that of a file, or the reverse.
        let changes = |name: &&Name| !name.is_stored || !faults(name.path).is_empty();
        let is_added = |name: &&Name| created.contains(name.path) && changes(name);
        let added: Vec<_> = names.iter().filter(is_added).collect();
        let mut steps = added.chunks(MAX_NAMES);
        let last = steps.next_back().unwrap_or_default();
        steps.try_for_each(|step| self.add_names(project, step))?;
        Ok(new_values(last))
    }

    pub(super) fn add_names(&self, project: i64, names: &[&Name]) -> Result<(), Error> {
        let (names, faults) = new_values(names);
        self.execute(
            "INSERT INTO pushed (project, names, faults) VALUES (?1, ?2, ?3)",
            [project.into(), names, faults],
        )
        .map(drop)
    }
}

/// Forms by path, and the paths of files with a fault; null for none.
fn new_values(names: &[&Name]) -> (Value, Value) {
    let has_fault = |name: &&&Name| name.is_file && !faults(name.path).is_empty();
    let faulty: Vec<_> = names.iter().filter(has_fault).collect();
    let unless_empty =
        |is_empty, value: &dyn Fn() -> Value| if is_empty { Value::Null } else { value() };
    (
        unless_empty(names.is_empty(), &|| object(names.iter().copied())),
        unless_empty(faulty.is_empty(), &|| {
            json_array(faulty.iter().map(|name| name.path))
        }),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::config::DbConfig;

    use super::super::write::PushTo;
    use crate::domain::portability::{UnportableName, find};
    use crate::domain::{FilePath, PortablePaths, Rejection, Rules};
    use crate::store::row::Row;
    use crate::store::test_support::{TestFile, id, push, rules};

    use super::*;

    /// Files of which many are one, or are folders of others.
    const PATHS: [&str; 14] = [
        "a", "A", "a/x", "b/x", "B/x", "b/X", "b", "é", "e\u{301}", "É/x", "c?", "C?", "c?/x",
        "con",
    ];

    /// What the rules find in the files that are live.
    fn expected(store: &Store, project: i64) -> Vec<UnportableName> {
        let live = store.tree(project, "", 100, false).unwrap();
        let path = |version: &crate::domain::Version| FilePath::parse(&version.path).unwrap();
        let live: Vec<_> = live.iter().map(path).collect();
        let mut found = find(&names(live.iter()));
        found.sort_by_key(|name| (crate::domain::folding::fold(&name.path), name.path.clone()));
        found
    }

    fn check(store: &Store) {
        let Some(project) = store.project(&id()).unwrap() else {
            return;
        };
        let expected = expected(store, project.number);
        let listed = store.unportable_names(project.number, "", 100).unwrap();
        assert_eq!(listed.names, expected);
        assert_eq!(project.unportable, Some(expected.len() as u64));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_stored_names_are_those_of_the_live_files(
            pushes in prop::collection::vec(prop::collection::btree_map(0..PATHS.len(), any::<bool>(), 1..5), 1..12)
        ) {
            let file = TestFile::new();
            let store = file.store();
            for (now_us, entries) in (1..).zip(pushes) {
                let entry = |(path, live): (usize, bool)| (PATHS[path], live.then_some("x"));
                let entries: Vec<_> = entries.into_iter().map(entry).collect();
                // A file below another is refused, and changes nothing.
                _ = store.apply(&push(&entries), &PushTo::new(&id(), now_us * 1000, &rules()));
                check(&store);
            }
            store.run("DELETE FROM live_name").unwrap();
            store.run("UPDATE project SET unportable = NULL").unwrap();
            store.list_names(&id()).unwrap();
            check(&store);
        }
    }

    fn twins_of(store: &Store, entries: &[(&str, Option<&str>)]) -> Vec<(String, Vec<String>)> {
        let applied = store.apply(&push(entries), &PushTo::new(&id(), 10_000, &rules()));
        let unportable = applied.unwrap().unportable.into_iter();
        unportable.map(|name| (name.path, name.twins)).collect()
    }

    #[test]
    fn a_push_is_told_of_twins_that_stay() {
        let file = TestFile::new();
        let store = file.store();
        let told = |entries: &[(&str, Option<&str>)]| twins_of(&store, entries);
        let twin = |path: &str, twin: &str| (path.to_owned(), vec![twin.to_owned()]);
        assert_eq!(told(&[("i/Todo", Some("x")), ("i/f/1", Some("x"))]), []);
        assert_eq!(told(&[("i/todo", Some("y"))]), [twin("i/todo", "i/Todo")]);
        // Also when it is changed, or pushed as it is.
        assert_eq!(told(&[("i/todo", Some("z"))]), [twin("i/todo", "i/Todo")]);
        assert_eq!(told(&[("i/Todo", None), ("i/todo", Some("z"))]), []);
        // The case of a file and of a folder is changed in one push.
        assert_eq!(told(&[("i/todo", None), ("i/TODO", Some("z"))]), []);
        assert_eq!(told(&[("i/f/1", None), ("i/F/1", Some("x"))]), []);
        assert_eq!(told(&[("i/f/2", Some("x"))]), [twin("i/f", "i/F")]);
        assert_eq!(told(&[("i/F", None), ("i/f/2", None)]), []);
        assert_eq!(store.project(&id()).unwrap().unwrap().unportable, Some(0));
    }

    #[test]
    fn a_refused_name_is_told_with_what_it_collides_with() {
        let file = TestFile::new();
        let store = file.store();
        let rules = Rules {
            portable_paths: PortablePaths::Refuse,
            ..rules()
        };
        let try_push = |entries: &[(&str, Option<&str>)]| match store
            .apply(&push(entries), &PushTo::new(&id(), 10_000, &rules))
        {
            Err(Error::Rejected(Rejection::Unportable(name))) => Some((name.path, name.twins)),
            applied => applied.map(|_| None).unwrap(),
        };
        assert_eq!(try_push(&[("i/Plan.md", Some("x"))]), None);
        let twins = vec!["i/Plan.md".to_owned()];
        let below = try_push(&[("i/plan.md/part.md", Some("x"))]);
        assert_eq!(below, Some(("i/plan.md".to_owned(), twins)));
        assert_eq!(
            try_push(&[("i/a?", Some("x"))]),
            Some(("i/a?".to_owned(), vec![]))
        );
        // Renamed in one push, and deleted.
        assert_eq!(
            try_push(&[("i/Plan.md", None), ("i/plan.md", Some("x"))]),
            None
        );
        twins_of(&store, &[("i/PLAN.md", Some("y"))]);
        assert_eq!(try_push(&[("i/PLAN.md", Some("z"))]), None);
        assert_eq!(try_push(&[("i/PLAN.md", None)]), None);
        assert_eq!(store.project(&id()).unwrap().unwrap().unportable, Some(0));
    }

    #[test]
    fn names_are_listed_before_the_first_push_by_this_program() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("i/A", Some("x")), ("i/b?", Some("x"))]);
        store.run("DELETE FROM live_name").unwrap();
        store.run("UPDATE project SET unportable = NULL").unwrap();
        let listed = twins_of(&store, &[("i/a", Some("x"))]);
        assert_eq!(listed, [("i/a".to_owned(), vec!["i/A".to_owned()])]);
        assert_eq!(store.project(&id()).unwrap().unwrap().unportable, Some(3));
        check(&store);
    }

    #[test]
    fn stored_names_are_found_however_they_are_written_in_json() {
        let file = TestFile::new();
        let store = file.store();
        let found = |path: &str| {
            let push = push(&[(path, Some("x"))]);
            let (_, current) = store.current_state(&id(), &push).unwrap();
            let found = |name: &Name| (name.path.to_owned(), name.is_stored);
            current.names.iter().map(found).collect::<Vec<_>>()
        };
        let expected = |folder: bool, path: &str, stored: bool| {
            vec![("I".to_owned(), folder), (path.to_owned(), stored)]
        };
        let paths = ["I/a", "I/\"q\"", "I/é🔒"];
        assert_eq!(found(paths[0]), expected(false, paths[0], false));
        for path in paths {
            store.push_at(1, &[(path, Some("x"))]);
            assert_eq!(found(path), expected(true, path, true));
        }
        assert_eq!(found("I/A"), expected(true, "I/A", false));
        check(&store);
    }

    #[test]
    fn every_statement_on_names_uses_their_index() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(NAMES, 5, &["project", "asked", "json_each"]);
        let connection = file.connection();
        let shows_triggers = DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP;
        connection.set_db_config(shows_triggers, true).unwrap();
        let store = Store::open_unchanged(connection);
        let insert = "INSERT INTO pushed (project, names, gone) VALUES (1, '{}', '{}')";
        store.assert_seeks(insert, 0, &["name", "json_each"]);
        let plan = store.run(&format!("EXPLAIN QUERY PLAN {insert}")).unwrap();
        let removes = |row: &Row| {
            let line = row.text(3).unwrap();
            line.contains("live_name USING")
        };
        assert!(plan.iter().any(removes), "{plan:?}");
    }
}
