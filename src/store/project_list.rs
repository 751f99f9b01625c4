//! All projects, in pages.

use super::error::Error;
use super::project::{COLUMNS, ProjectSummary, SUMMARY, summary};
use super::row::Row;
use super::store::Store;
use crate::domain::key::Projects;

/// Projects in one statement: with the longest names, the rows of so many take 5 MB.
const STEP_PROJECTS: usize = 500;
/// Bytes of ids, names and repositories after which a page ends. As JSON they take up to six times
/// as many.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Projects in the order of their ids.
#[derive(Debug, Default)]
pub struct ProjectPage {
    /// At most as many as asked for.
    pub projects: Vec<ProjectSummary>,
    /// Whether more follow the last one.
    pub has_more: bool,
}

impl Store {
    /// The first of these projects whose ids come after `after`: at most `limit`, and no more than 1 MiB of
    /// text. To be called on a snapshot.
    pub fn projects(
        &self,
        projects: &Projects,
        after: &str,
        limit: usize,
    ) -> Result<ProjectPage, Error> {
        let (mut page, mut bytes, mut after) = (ProjectPage::default(), 0, after.to_owned());
        loop {
            let rows = self.project_rows(projects, &after)?;
            let is_last = rows.len() < STEP_PROJECTS;
            for row in rows {
                let project = summary(&row)?;
                bytes += text_bytes(&project);
                let is_full = page.projects.len() == limit || bytes > MAX_TEXT_BYTES;
                if is_full && !page.projects.is_empty() {
                    page.has_more = true;
                    return Ok(page);
                }
                after.clone_from(&project.id);
                page.projects.push(project);
            }
            if is_last {
                return Ok(page);
            }
        }
    }

    fn project_rows(&self, projects: &Projects, after: &str) -> Result<Vec<Row>, Error> {
        let statement = format!(
            "SELECT {COLUMNS}, {SUMMARY} FROM project
             WHERE id > ?1 AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
             ORDER BY id LIMIT ?2"
        );
        let parameters = [after.into(), (STEP_PROJECTS as i64).into(), projects.into()];
        self.execute(&statement, parameters)
    }
}

fn text_bytes(project: &ProjectSummary) -> usize {
    let texts = [&project.name, &project.git_repo];
    let optional = texts.into_iter().flatten().map(String::len);
    project.id.len() + optional.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::push::PushTo;
    use super::super::test_support::{TestFile, rules};
    use super::*;
    use crate::domain::{ProjectId, Push};

    /// Makes projects `0000`, `0001` and so on.
    fn make_projects(store: &Store, count: usize, git_repo: &str) {
        let push = Push {
            git_repo: Some(git_repo.to_owned()),
            ..Push::default()
        };
        for number in 0..count {
            let id = ProjectId::parse(format!("{number:04}")).unwrap();
            store
                .write(|store| store.push(&push, &PushTo::new(&id, 1, &rules())))
                .unwrap();
        }
    }

    /// The sizes of all pages, which together hold every project once and in order.
    fn pages(store: &Store, limit: usize) -> Vec<usize> {
        let (mut sizes, mut ids) = (Vec::new(), Vec::<String>::new());
        loop {
            let after = ids.last().map_or("", String::as_str);
            let page = store.projects(&Projects::All, after, limit).unwrap();
            sizes.push(page.projects.len());
            ids.extend(page.projects.into_iter().map(|project| project.id));
            if !page.has_more {
                let expected: Vec<_> = (0..ids.len()).map(|n| format!("{n:04}")).collect();
                assert_eq!(ids, expected);
                return sizes;
            }
        }
    }

    #[test]
    fn a_page_ends_at_its_limit() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(pages(&store, 10), [0]);
        make_projects(&store, STEP_PROJECTS + 2, "x");
        assert_eq!(pages(&store, 10_000), [STEP_PROJECTS + 2]);
        assert_eq!(pages(&store, STEP_PROJECTS + 2), [STEP_PROJECTS + 2]);
        assert_eq!(pages(&store, STEP_PROJECTS + 1), [STEP_PROJECTS + 1, 1]);
        assert_eq!(pages(&store, STEP_PROJECTS), [STEP_PROJECTS, 2]);
        assert_eq!(pages(&store, 200), [200, 200, 102]);
    }

    #[test]
    fn a_key_of_some_projects_lists_those_that_exist() {
        let file = TestFile::new();
        let store = file.store();
        make_projects(&store, 5, "x");
        let id = |text: &&str| ProjectId::parse((*text).to_owned()).unwrap();
        let some = Projects::Only(["0001", "0003", "none"].iter().map(id).collect());
        let ids = |after| {
            let page = store.projects(&some, after, 10).unwrap();
            let ids = page.projects.into_iter().map(|project| project.id);
            ids.collect::<Vec<_>>()
        };
        assert_eq!(
            (ids(""), ids("0001")),
            (
                vec!["0001".to_owned(), "0003".to_owned()],
                vec!["0003".to_owned()]
            )
        );
    }

    #[test]
    fn a_page_ends_at_its_bytes() {
        let file = TestFile::new();
        let store = file.store();
        make_projects(&store, 300, &"€".repeat(2048));
        let each = 4 + 3 * 2048;
        let full = MAX_TEXT_BYTES / each;
        assert_eq!(pages(&store, 10_000), [full, 300 - full]);
    }
}
