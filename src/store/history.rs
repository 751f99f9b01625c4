//! Every version of a path, newest first: each row names the one before it.

use spin_sdk::sqlite3::{RowResult, Value};

use super::{Store, integer, json_array, optional_checksum, take_text, text};
use crate::error::Error;
use crate::project::{Checksum, FilePath, Rev};

/// A version of a path.
#[derive(Debug)]
pub struct Version {
    /// Its identity.
    pub rev: Rev,
    /// Of the content; none for a deletion.
    pub checksum: Option<Checksum>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970, by the client.
    pub modified: i64,
    /// Who stored it.
    pub device: Option<String>,
    /// Where its content is; none for a deletion, or when the retention let it go.
    pub content: Option<i64>,
}

/// What a path was at some moment.
#[derive(Debug)]
pub struct Target {
    /// Which.
    pub path: String,
    /// The version then; none when there was none yet.
    pub version: Option<Version>,
}

const COLUMNS: &str = "version.rev, version.checksum, version.size, version.modified, version.device, version.content";

/// Paths in one step of [`Store::at`]: with the longest names, the rows of so many are well under the
/// 128 MiB that a host hands over at once.
const STEP: usize = 50_000;

impl Store {
    /// The newest version of a path, a deletion included.
    pub fn newest_version(&self, project: i64, path: &FilePath) -> Result<Option<Version>, Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM file
             CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
             WHERE file.project = ?1 AND file.path = ?2"
        );
        self.one_version(&statement, &[Value::Integer(project), text(path.as_str())])
    }

    /// The version of a path with this rev.
    pub fn version(
        &self,
        project: i64,
        path: &FilePath,
        rev: Rev,
    ) -> Result<Option<Version>, Error> {
        let statement =
            format!("SELECT {COLUMNS} FROM version WHERE project = ?1 AND rev = ?3 AND path = ?2");
        let parameters = [
            Value::Integer(project),
            text(path.as_str()),
            Value::Integer(rev),
        ];
        self.one_version(&statement, &parameters)
    }

    fn one_version(&self, statement: &str, parameters: &[Value]) -> Result<Option<Version>, Error> {
        let answer = self.execute(statement, parameters)?;
        answer.rows.first().map(version).transpose()
    }

    /// At most `limit` versions of a path older than `before`, newest first.
    pub fn versions(
        &self,
        project: i64,
        path: &FilePath,
        before: Rev,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        let statement = format!(
            "WITH RECURSIVE chain (rev, previous) AS (
               SELECT version.rev, version.previous FROM file
               CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               WHERE file.project = ?1 AND file.path = ?2
               UNION ALL
               SELECT version.rev, version.previous FROM chain
               CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
             )
             SELECT {COLUMNS} FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev
             WHERE chain.rev < ?3 LIMIT ?4"
        );
        let answer = self.execute(
            &statement,
            &[
                Value::Integer(project),
                text(path.as_str()),
                Value::Integer(before),
                Value::Integer(limit.into()),
            ],
        )?;
        answer.rows.iter().map(version).collect()
    }

    /// Which of these paths had the content that stands beside them, in the version of the rev
    /// behind it or in a later one. What lies before that rev, the device has seen replaced.
    pub fn had_since(
        &self,
        project: i64,
        claims: &[(&str, Checksum, Rev)],
    ) -> Result<Vec<String>, Error> {
        let claims = claims
            .iter()
            .map(|(path, checksum, rev)| serde_json::json!([path, checksum.to_string(), rev]));
        let answer = self.execute(
            "WITH RECURSIVE chain (path, wanted, since, rev, checksum, previous) AS (
               SELECT file.path, unhex(asked.value ->> 1), asked.value ->> 2,
                      version.rev, version.checksum, version.previous
               FROM json_each(?2) AS asked
               CROSS JOIN file ON file.project = ?1 AND file.path = asked.value ->> 0
               CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               UNION ALL
               SELECT chain.path, chain.wanted, chain.since,
                      version.rev, version.checksum, version.previous FROM chain
               CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE chain.checksum IS NOT chain.wanted AND chain.rev > chain.since
             )
             SELECT path FROM chain WHERE checksum = wanted",
            &[
                Value::Integer(project),
                Value::Text(serde_json::Value::from_iter(claims).to_string()),
            ],
        )?;
        answer
            .rows
            .into_iter()
            .map(|mut row| take_text(&mut row, 0))
            .collect()
    }

    /// What every path that changed after a moment was at that moment; with `paths`, those only.
    pub fn at(
        &self,
        project: i64,
        moment: Rev,
        paths: Option<&[FilePath]>,
    ) -> Result<Vec<Target>, Error> {
        let paths = paths.map(|paths| json_array(paths.iter().map(FilePath::as_str)));
        let paths = paths.unwrap_or(Value::Null);
        let step = |deleted, after| {
            let parameters = [
                Value::Integer(project),
                Value::Integer(moment),
                paths.clone(),
                Value::Integer(deleted),
                Value::Integer(after),
                Value::Integer(STEP as i64),
            ];
            Ok(self.execute(&targets_statement(), &parameters)?.rows)
        };
        let mut targets = Vec::new();
        for deleted in [0, 1] {
            let (mut after, mut rows) = (moment, step(deleted, moment)?);
            while !rows.is_empty() {
                for row in rows {
                    after = after.max(integer(&row, 7)?);
                    targets.push(target(row)?);
                }
                rows = step(deleted, after)?;
            }
        }
        Ok(targets)
    }

    /// The bytes of a version's content.
    pub fn content(&self, id: i64) -> Result<Vec<u8>, Error> {
        let mut answer = self.execute(
            "SELECT bytes FROM content WHERE id = ?1",
            &[Value::Integer(id)],
        )?;
        match answer.rows.first_mut().and_then(|row| row.values.pop()) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(Error::Internal("a version has no content".to_owned())),
        }
    }
}

/// The next paths that changed after a moment, one row each, in the order in which they did.
fn targets_statement() -> String {
    format!(
        "WITH RECURSIVE changed (path, rev) AS (
           SELECT path, rev FROM file
           WHERE project = ?1 AND deleted = ?4 AND rev > ?5
             AND (?3 IS NULL OR path IN (SELECT value FROM json_each(?3)))
           ORDER BY rev LIMIT ?6
         ),
         chain (path, newest, rev, previous) AS (
           SELECT changed.path, changed.rev, changed.rev, version.previous FROM changed
           CROSS JOIN version ON version.project = ?1 AND version.rev = changed.rev
           UNION ALL
           SELECT chain.path, chain.newest, chain.previous, version.previous FROM chain
           LEFT JOIN version ON version.project = ?1 AND version.rev = chain.previous
           WHERE chain.rev > ?2
         )
         SELECT {COLUMNS}, chain.path, chain.newest FROM chain
         LEFT JOIN version ON version.project = ?1 AND version.rev = chain.rev
         WHERE chain.rev IS NULL OR chain.rev <= ?2"
    )
}

fn target(mut row: RowResult) -> Result<Target, Error> {
    Ok(Target {
        path: take_text(&mut row, 6)?,
        version: row.get::<i64>(0).map(|_| version(&row)).transpose()?,
    })
}

fn version(row: &RowResult) -> Result<Version, Error> {
    Ok(Version {
        rev: integer(row, 0)?,
        checksum: optional_checksum(row, 1),
        size: integer(row, 2)?,
        modified: integer(row, 3)?,
        device: row.get::<&str>(4).map(str::to_owned),
        content: row.get(5),
    })
}
