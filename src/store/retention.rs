//! Lets go of the content of old versions, a few paths at a time; rows stay for ever.

use spin_sdk::sqlite3::Value;

use super::{Project, Store, integer, json_numbers, take_text, text};
use crate::error::Error;
use crate::project::Rev;
use crate::settings;

/// How long a project rests between two looks, in microseconds.
const REST_US: Rev = 600_000_000;
/// Paths looked at in one step, so that the push that pays for it is not noticeably slower.
const STEP_PATHS: i64 = 200;
/// Versions that lose their content in one step.
const STEP_VERSIONS: usize = 3_000;
const DAY_US: u64 = 86_400_000_000;

impl Store {
    /// Looks at the next paths of a project that has rested long enough.
    ///
    /// A version is kept while it is the newest of its path, was replaced within `HISTORY_DAYS`,
    /// or is among the newest `HISTORY_VERSIONS`, to which the deletion at the end of a path does
    /// not count; all but the first end when the path is deleted for `HISTORY_DELETED_DAYS`.
    pub(super) fn sweep_when_due(&self, project: &mut Project, now_us: Rev) -> Result<(), Error> {
        if now_us - project.swept_at < REST_US {
            return Ok(());
        }
        project.swept_at = now_us;
        let last = self.last_of_step(project)?;
        let outdated = self.outdated(project, last.as_deref(), now_us)?;
        self.let_go(project.number, &outdated)?;
        // A full step may have left some; the next one looks at the same paths again.
        if outdated.len() < STEP_VERSIONS {
            project.swept_to = last.unwrap_or_default();
        }
        Ok(())
    }

    /// The path at which this step ends; none when it reaches the last one.
    fn last_of_step(&self, project: &Project) -> Result<Option<String>, Error> {
        let answer = self.execute(
            "SELECT path FROM file WHERE project = ?1 AND path > ?2 ORDER BY path LIMIT 1 OFFSET ?3",
            &[
                Value::Integer(project.number),
                text(&project.swept_to),
                Value::Integer(STEP_PATHS - 1),
            ],
        )?;
        answer
            .rows
            .into_iter()
            .next()
            .map(|mut row| take_text(&mut row, 0))
            .transpose()
    }

    /// Versions of this step's paths whose content may go, oldest first: their revs and content
    /// ids. What lies behind a version that was let go was let go before it, so the way down a
    /// chain ends there.
    fn outdated(
        &self,
        project: &Project,
        last: Option<&str>,
        now_us: Rev,
    ) -> Result<Vec<(i64, i64)>, Error> {
        let before = |days: u64| Value::Integer(now_us - (days * DAY_US) as Rev);
        let answer = self.execute(
            "WITH RECURSIVE chain (rev, previous, place, replaced_at, deleted_at, let_go) AS (
               SELECT version.rev, previous, iif(file.deleted, 0, 1), NULL, iif(file.deleted, version.rev, NULL), 0
               FROM file CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               WHERE file.project = ?1 AND file.path > ?2 AND (?3 IS NULL OR file.path <= ?3)
               UNION ALL
               SELECT version.rev, version.previous, place + 1, chain.rev, deleted_at,
                      version.checksum IS NOT NULL AND version.content IS NULL
               FROM chain CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE NOT let_go
             )
             SELECT version.rev, version.content FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev
             WHERE version.content IS NOT NULL
               AND (replaced_at < ?4 AND place > ?5 OR replaced_at IS NOT NULL AND deleted_at < ?6)
             ORDER BY version.rev LIMIT ?7",
            &[
                Value::Integer(project.number),
                text(&project.swept_to),
                last.map_or(Value::Null, text),
                before(settings::history_days()?),
                Value::Integer(settings::history_versions()? as i64),
                before(settings::history_deleted_days()?),
                Value::Integer(STEP_VERSIONS as i64),
            ],
        )?;
        answer
            .rows
            .iter()
            .map(|row| Ok((integer(row, 0)?, integer(row, 1)?)))
            .collect()
    }

    /// Content that other versions share stays.
    fn let_go(&self, project: i64, outdated: &[(i64, i64)]) -> Result<(), Error> {
        if outdated.is_empty() {
            return Ok(());
        }
        let (revs, content): (Vec<i64>, Vec<i64>) = outdated.iter().copied().unzip();
        self.execute(
            "UPDATE version SET content = NULL
             WHERE project = ?1 AND rev IN (SELECT value FROM json_each(?2))",
            &[Value::Integer(project), json_numbers(&revs)],
        )?;
        self.execute(
            "DELETE FROM content WHERE id IN (SELECT value FROM json_each(?1))
               AND NOT EXISTS (SELECT 1 FROM version WHERE version.content = content.id)",
            &[json_numbers(&content)],
        )?;
        Ok(())
    }
}
