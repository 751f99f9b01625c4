//! Projects in the order of their last changes.

use super::merge::ActivityPosition;
use crate::domain::folding::fold;
use crate::domain::key::Projects;
use crate::store::error::Error;
use crate::store::project::{COLUMNS, ProjectSummary, SUMMARY, summary};
use crate::store::row::{Row, json_array};
use crate::store::store::Store;

/// Names that a search reads at once.
const STEP_NAMES: usize = 1_000;

/// Projects, the last changed first. The place of a project is that of its newest change.
#[derive(Debug)]
pub struct RecentProjects {
    /// At most as many as asked for.
    pub projects: Vec<ProjectSummary>,
    /// Before which place the next page begins; none for the last one.
    pub next: Option<ActivityPosition>,
}

impl Store {
    /// The projects before a place whose ids or names have a text in them, however it is written: at
    /// most `limit`. Reads one row of each project, because an index in this order would cost each push. To be
    /// called on a snapshot.
    pub fn recent_projects(
        &self,
        projects: &Projects,
        text: &str,
        before: ActivityPosition,
        limit: usize,
    ) -> Result<RecentProjects, Error> {
        let mut places = match text {
            "" => self.recent_places(projects, before, limit + 1)?,
            text => self.places_with(projects, &fold(text), before)?,
        };
        let has_more = places.len() > limit;
        places.truncate(limit);
        let numbers = json_array(places.iter().map(|place| place.project));
        let rows = self.execute(&summaries(), [numbers])?;
        Ok(RecentProjects {
            projects: rows.iter().map(summary).collect::<Result<_, _>>()?,
            next: places.pop().filter(|_| has_more),
        })
    }

    fn recent_places(
        &self,
        projects: &Projects,
        before: ActivityPosition,
        limit: usize,
    ) -> Result<Vec<ActivityPosition>, Error> {
        let parameters = [
            before.rev.into(),
            before.project.into(),
            projects.into(),
            (limit as i64).into(),
        ];
        let rows = self.execute(RECENT, parameters)?;
        rows.iter().map(place).collect()
    }

    /// The places of all projects with a text in their ids or names, the last changed first.
    fn places_with(
        &self,
        projects: &Projects,
        folded: &str,
        before: ActivityPosition,
    ) -> Result<Vec<ActivityPosition>, Error> {
        let (mut places, mut after) = (Vec::new(), i64::MIN);
        loop {
            let parameters = [after.into(), projects.into(), (STEP_NAMES as i64).into()];
            let rows = self.execute(NAMES, parameters)?;
            for row in &rows {
                if has_text(row, folded)? {
                    places.push(place(row)?);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == STEP_NAMES => after = last.integer(0)?,
                _ => break,
            }
        }
        places.retain(|place| *place < before);
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places)
    }
}

const RECENT: &str = "SELECT number, coalesce(head, 0) AS newest FROM project
    WHERE (coalesce(head, 0), number) < (?1, ?2)
      AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
    ORDER BY newest DESC, number DESC LIMIT ?4";

const NAMES: &str = "SELECT number, coalesce(head, 0), id, name FROM project
    WHERE number > ?1 AND (?2 IS NULL OR id IN (SELECT value FROM json_each(?2)))
    ORDER BY number LIMIT ?3";

fn summaries() -> String {
    format!(
        "SELECT {COLUMNS}, {SUMMARY} FROM project
         WHERE number IN (SELECT value FROM json_each(?1))
         ORDER BY coalesce(head, 0) DESC, number DESC"
    )
}

fn place(row: &Row) -> Result<ActivityPosition, Error> {
    Ok(ActivityPosition {
        project: row.integer(0)?,
        rev: row.integer(1)?,
    })
}

fn has_text(row: &Row, folded: &str) -> Result<bool, Error> {
    let is_in = |text: &str| fold(text).contains(folded);
    Ok(is_in(row.text(2)?) || row.optional_text(3)?.is_some_and(is_in))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProjectId, Push, Rev};
    use crate::store::push::PushTo;
    use crate::store::test_support::{TestFile, push, rules};

    /// Changes a project at a moment; without one, it only gets a name.
    fn change(store: &Store, id: &str, name: &str, at: Option<Rev>) {
        let entries = [("a", Some(name))];
        let changes = if at.is_some() { &entries[..] } else { &[] };
        let push = Push {
            name: Some(name.to_owned()),
            ..push(changes)
        };
        let (id, rules) = (ProjectId::parse(id.to_owned()).unwrap(), rules());
        let to = PushTo::new(&id, at.unwrap_or(1), &rules);
        store.write(|store| store.push(&push, &to)).unwrap();
    }

    fn page(
        store: &Store,
        projects: &Projects,
        text: &str,
        before: ActivityPosition,
    ) -> (Vec<String>, Option<ActivityPosition>) {
        let page = store.recent_projects(projects, text, before, 2).unwrap();
        let ids = page.projects.into_iter().map(|project| project.id);
        (ids.collect(), page.next)
    }

    fn all(store: &Store, projects: &Projects, text: &str) -> Vec<String> {
        let (mut all, mut before) = (Vec::new(), Some(ActivityPosition::NEWEST));
        while let Some(at) = before {
            let (ids, next) = page(store, projects, text, at);
            assert!(ids.len() <= 2);
            all.extend(ids);
            before = next;
        }
        all
    }

    fn some(store: &Store) {
        for (id, name, at) in [
            ("empty", "Empty", None),
            ("b", "Beta", Some(2000)),
            ("a", "Été", Some(1000)),
            ("twin", "Beta", Some(2000)),
            ("last", "x", Some(9000)),
        ] {
            change(store, id, name, at);
        }
    }

    #[test]
    fn the_last_changed_project_comes_first() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(all(&store, &Projects::All, ""), [""; 0]);
        some(&store);
        let listed = ["last", "twin", "b", "a", "empty"];
        assert_eq!(all(&store, &Projects::All, ""), listed);
        let id = |text: &str| ProjectId::parse(text.to_owned()).unwrap();
        let only = Projects::Only([id("a"), id("b"), id("none")].into());
        assert_eq!(all(&store, &only, ""), ["b", "a"]);
        assert_eq!(all(&store, &only, "T"), ["b", "a"]);
    }

    #[test]
    fn a_name_or_an_id_is_found_however_it_is_written() {
        let file = TestFile::new();
        let store = file.store();
        some(&store);
        let found = |text| all(&store, &Projects::All, text);
        assert_eq!(found("BETA"), ["twin", "b"]);
        assert_eq!(found("e\u{301}T"), ["a"]);
        assert_eq!(found("tw"), ["twin"]);
        assert_eq!(found("nothing"), [""; 0]);
    }

    #[test]
    fn a_project_that_changes_meanwhile_moves_to_the_front_and_no_other_is_left_out() {
        let file = TestFile::new();
        let store = file.store();
        some(&store);
        let (first, next) = page(&store, &Projects::All, "", ActivityPosition::NEWEST);
        change(&store, "a", "changed", Some(10_000));
        let (second, end) = page(&store, &Projects::All, "", next.unwrap());
        assert_eq!([first, second].concat(), ["last", "twin", "b", "empty"]);
        assert_eq!(end, None);
        assert_eq!(all(&store, &Projects::All, "")[0], "a");
    }

    #[test]
    fn a_search_looks_at_all_projects() {
        let file = TestFile::new();
        let store = file.store();
        let make = "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ?1)
            INSERT INTO project (id, last_rev, epoch, tag, file_count, total_size, digest, swept_at, swept_to)
            SELECT printf('p%05d', n), 0, 0, 0, 0, 0, zeroblob(32), 0, '' FROM more";
        store
            .execute(make, [(2 * STEP_NAMES as i64).into()])
            .unwrap();
        assert_eq!(all(&store, &Projects::All, "P02000"), ["p02000"]);
        assert_eq!(all(&store, &Projects::All, "").len(), 2 * STEP_NAMES);
    }

    #[test]
    fn a_page_reads_its_own_rows_and_one_of_each_project_for_the_order() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(RECENT, 4, &["project", "json_each"]);
        store.assert_seeks(NAMES, 3, &["json_each"]);
        store.assert_seeks(&summaries(), 1, &["json_each"]);
    }
}
