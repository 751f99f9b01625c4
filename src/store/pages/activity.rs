//! Changes of one project or of all, newest first, and what was done by each.

use std::collections::HashSet;

use super::merge::{ActivityPosition, StoredChange, Stream};
use crate::domain::Rev;
use crate::domain::folding::fold;
use crate::domain::key::Projects;
use crate::store::error::Error;
use crate::store::row::json_array;
use crate::store::store::Store;

/// Changes that a page with a filter looks at: some ten milliseconds.
const SEARCHED: usize = 5_000;

/// A change of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Activity {
    /// The id of the project.
    pub project: String,
    /// The rev of the version.
    pub rev: Rev,
    /// The path of the file.
    pub path: String,
    /// The device that stored it, as far as it said.
    pub device: Option<String>,
    /// What was done.
    pub kind: ActivityKind,
    /// Bytes of the content; 0 for a deletion.
    pub size: u64,
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// It was made, or came back after a deletion.
    Created,
    /// It has other content.
    Changed,
    /// It was deleted.
    Deleted,
}

/// Which changes are listed.
#[derive(Debug)]
pub struct ActivityFilter<'f> {
    /// The projects whose changes are listed.
    pub projects: &'f Projects,
    /// The device that made them.
    pub device: Option<&'f str>,
    /// Text that their paths have in them, however it is written.
    pub path: Option<&'f str>,
}

/// Changes, newest first.
#[derive(Debug, PartialEq, Eq)]
pub struct ActivityPage {
    /// At most as many as asked for.
    pub changes: Vec<Activity>,
    /// Before which change the next page begins; none for the last one.
    pub next: Option<ActivityPosition>,
}

impl Store {
    /// The changes before a place that pass a filter: at most `limit`, and with a filter those among the
    /// next 5,000.
    pub fn activity(
        &self,
        filter: &ActivityFilter<'_>,
        before: ActivityPosition,
        limit: usize,
    ) -> Result<ActivityPage, Error> {
        let most = if filter.is_open() { limit } else { SEARCHED };
        let mut merge = self.merge(filter.projects, before, most.min(1_000) + 1)?;
        let (mut found, mut last, folded) = (Vec::new(), before, filter.path.map(fold));
        for _ in 0..most {
            if found.len() == limit {
                break;
            }
            let Some((place, at)) = merge.pop() else {
                break;
            };
            let change = self.take(&mut merge, place, at)?;
            last = place;
            if filter.passes(&change, folded.as_deref()) {
                found.push((at, change));
            }
        }
        Ok(ActivityPage {
            next: (!merge.is_empty()).then_some(last),
            changes: self.describe(&merge.streams, found)?,
        })
    }

    /// What was done by each change: with a deletion before it, it makes the file again.
    fn describe(
        &self,
        streams: &[Stream],
        found: Vec<(usize, StoredChange)>,
    ) -> Result<Vec<Activity>, Error> {
        let before =
            |(at, change): &(usize, StoredChange)| vec![Some(streams[*at].number), change.previous];
        let rows = self.execute(DELETED_BEFORE, [json_array(found.iter().map(before))])?;
        let recreated = rows.iter().map(|row| row.integer(0));
        let recreated: HashSet<i64> = recreated.collect::<Result<_, _>>()?;
        let activity = |(place, (at, change)): (i64, (usize, StoredChange))| Activity {
            project: streams[at].id.clone(),
            kind: match change.previous {
                _ if change.is_deletion => ActivityKind::Deleted,
                Some(_) if !recreated.contains(&place) => ActivityKind::Changed,
                _ => ActivityKind::Created,
            },
            rev: change.rev,
            path: change.path,
            device: change.device,
            size: change.size,
        };
        Ok((0..).zip(found).map(activity).collect())
    }
}

impl ActivityFilter<'_> {
    /// Whether every change of the projects passes.
    fn is_open(&self) -> bool {
        self.device.is_none() && self.path.is_none()
    }

    fn passes(&self, change: &StoredChange, folded: Option<&str>) -> bool {
        self.device
            .is_none_or(|device| change.device.as_deref() == Some(device))
            && folded.is_none_or(|text| fold(&change.path).contains(text))
    }
}

/// Of pairs of a project and a rev the places of those that are deletions.
const DELETED_BEFORE: &str = "SELECT asked.key FROM json_each(?1) AS asked
    CROSS JOIN version ON project = asked.value ->> 0 AND rev = asked.value ->> 1
    WHERE checksum IS NULL";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProjectId, Push};
    use crate::store::PushTo;
    use crate::store::test_support::{TestFile, push, rules};

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
    }

    fn push_to(
        store: &Store,
        project: &str,
        device: &str,
        now_us: Rev,
        entries: &[(&str, Option<&str>)],
    ) {
        let push = Push {
            device: Some(device.to_owned()),
            ..push(entries)
        };
        let (id, rules) = (id(project), rules());
        let apply = |store: &Store| store.push(&push, &PushTo::new(&id, now_us, &rules));
        store.write(apply).unwrap();
    }

    const ALL: ActivityFilter<'static> = ActivityFilter {
        projects: &Projects::All,
        device: None,
        path: None,
    };

    /// Project and path of all changes that pass, and how many pages they take.
    fn pages(store: &Store, filter: &ActivityFilter<'_>, limit: usize) -> (Vec<String>, usize) {
        let (mut all, mut before, mut pages) = (Vec::new(), ActivityPosition::NEWEST, 0);
        loop {
            let page = store.activity(filter, before, limit).unwrap();
            pages += 1;
            assert!(page.changes.len() <= limit);
            all.extend(
                page.changes
                    .iter()
                    .map(|change| format!("{} {}", change.project, change.path)),
            );
            match page.next {
                Some(next) => before = next,
                None => return (all, pages),
            }
        }
    }

    fn list(store: &Store, filter: &ActivityFilter<'_>) -> Vec<String> {
        pages(store, filter, 100).0
    }

    #[test]
    fn a_change_says_what_was_done() {
        let file = TestFile::new();
        let store = file.store();
        push_to(&store, "p", "laptop", 1, &[("a", Some("one"))]);
        push_to(&store, "p", "phone", 11, &[("a", Some("longer"))]);
        push_to(&store, "p", "phone", 21, &[("a", None)]);
        push_to(&store, "p", "laptop", 31, &[("a", Some("x"))]);
        let page = store.activity(&ALL, ActivityPosition::NEWEST, 10).unwrap();
        let brief = |change: &Activity| {
            (
                change.rev,
                change.kind,
                change.size,
                change.device.clone().unwrap(),
            )
        };
        let changes: Vec<_> = page.changes.iter().map(brief).collect();
        assert_eq!(
            changes,
            [
                (31, ActivityKind::Created, 1, "laptop".to_owned()),
                (21, ActivityKind::Deleted, 0, "phone".to_owned()),
                (11, ActivityKind::Changed, 6, "phone".to_owned()),
                (1, ActivityKind::Created, 3, "laptop".to_owned()),
            ]
        );
        assert_eq!(page.next, None);
    }

    #[test]
    fn the_changes_of_all_projects_are_in_one_order() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, project) in [(1, "a"), (1, "b"), (5, "c"), (7, "a"), (7, "b")] {
            let path = format!("{now_us}");
            push_to(
                &store,
                project,
                "x",
                now_us,
                &[(&path, Some("x")), ("z", Some(&path))],
            );
        }
        let expected = [
            "b z", "a z", "b 7", "a 7", "c z", "c 5", "b z", "a z", "b 1", "a 1",
        ];
        for limit in [1, 2, 3, 100] {
            assert_eq!(pages(&store, &ALL, limit).0, expected, "{limit}");
        }
        let projects = Projects::Only([id("a"), id("none")].into());
        let of_a = ActivityFilter {
            projects: &projects,
            ..ALL
        };
        assert_eq!(list(&store, &of_a), ["a z", "a 7", "a z", "a 1"]);
    }

    #[test]
    fn changes_are_found_by_device_and_by_path() {
        let file = TestFile::new();
        let store = file.store();
        push_to(
            &store,
            "p",
            "laptop",
            1,
            &[("i/Ghi Chú", Some("x")), ("b", Some("x"))],
        );
        push_to(
            &store,
            "q",
            "phone",
            11,
            &[("ghi chu\u{301}", Some("x")), ("c", Some("x"))],
        );
        let by = |device, path| {
            list(
                &store,
                &ActivityFilter {
                    device,
                    path,
                    ..ALL
                },
            )
        };
        assert_eq!(by(Some("laptop"), None), ["p b", "p i/Ghi Chú"]);
        assert_eq!(by(None, Some("CHÚ")), ["q ghi chu\u{301}", "p i/Ghi Chú"]);
        assert_eq!(by(Some("phone"), Some("chú")), ["q ghi chu\u{301}"]);
        assert_eq!(by(Some("tablet"), None), [] as [String; 0]);
    }

    #[test]
    fn a_filter_looks_at_all_changes_a_page_at_a_time() {
        let file = TestFile::new();
        let store = file.store();
        push_to(&store, "p", "x", 1, &[("first", Some("x"))]);
        store.add_files("a/%05d", 0..12_000);
        let first = ActivityFilter {
            path: Some("first"),
            ..ALL
        };
        assert_eq!(pages(&store, &first, 10), (vec!["p first".to_owned()], 3));
        let some = ActivityFilter {
            path: Some("a/1199"),
            ..ALL
        };
        assert_eq!(pages(&store, &some, 4).1, 2 + 3);
    }

    #[test]
    fn no_project_is_left_out_however_many_there_are() {
        let file = TestFile::new();
        let store = file.store();
        push_to(&store, "p", "x", 1, &[("first", Some("x"))]);
        store
            .run(
                "WITH RECURSIVE more (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < 2200)
                 INSERT INTO project SELECT n, 'p' || n, NULL, NULL, 0, 0, 0, 0, 0, 0, x'', 0, '', 0 FROM more",
            )
            .unwrap();
        // Two rounds, so that each project has an old change and a new one.
        for round in [10, 10_000] {
            let insert = "INSERT INTO version (project, rev, path, checksum, size, modified, tag)
                SELECT number, ?1 + number, 'f' || ?1, zeroblob(32), 0, 0, 0 FROM project";
            store.execute(insert, [round.into()]).unwrap();
        }
        let (all, _) = pages(&store, &ALL, 700);
        assert_eq!(all.len(), 2 * 2200 + 1);
        assert_eq!(
            (all[0].as_str(), all[4400].as_str()),
            ("p2200 f10000", "p first")
        );
        assert!(all[..2200].iter().all(|change| change.ends_with("f10000")));
    }

    #[test]
    fn a_page_reads_its_own_rows_only() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(DELETED_BEFORE, 1, &["asked"]);
    }
}
