//! Makes old versions new again. A restore is a push of what is stored, so it syncs like an edit.

use spin_sdk::sqlite3::Value;

use super::{Applied, Store, Target, Version};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{FilePath, ProjectId, Rev};
use crate::sync::{Batch, Content, Delete, Put};

/// What to bring back.
#[derive(Debug)]
pub enum Moment {
    /// One version of one path.
    Version(FilePath, Rev),
    /// What the project, or some of its paths, was right after this rev.
    Time(Rev, Option<Vec<FilePath>>),
}

impl Store {
    /// Restores, or with `dry_run` only tells what would happen. Beside the outcome of every
    /// path stands the rev that it came from.
    ///
    /// 404 for a version that never was and for a moment before the first one, 410 for one whose content is no longer kept.
    pub fn restore(
        id: &ProjectId,
        moment: &Moment,
        device: Option<String>,
        now_us: Rev,
        max_files: u64,
        dry_run: bool,
    ) -> Result<(Applied, Vec<Option<Rev>>), Error> {
        let restore = |store: &Self| {
            let (batch, sources) = store.batch_of(id, moment)?;
            let batch = Batch { device, ..batch };
            let before = store.project(id)?;
            let mut applied = store.apply(id, &batch, now_us, max_files)?;
            if dry_run {
                applied.cursor = before.map_or(Cursor::BEGINNING, |project| project.cursor());
            }
            Ok((applied, sources))
        };
        let end = if dry_run { "ROLLBACK" } else { "COMMIT" };
        Self::with(|store| store.transaction("BEGIN IMMEDIATE", end, restore))
    }

    /// A push that makes the newest versions equal to those of the moment, and the rev that each
    /// of its entries comes from.
    fn batch_of(
        &self,
        id: &ProjectId,
        moment: &Moment,
    ) -> Result<(Batch, Vec<Option<Rev>>), Error> {
        let mut puts = Vec::new();
        let mut deletes = Vec::new();
        for target in self.targets(id, moment)? {
            let rev = target.version.as_ref().map(|version| version.rev);
            let path = FilePath::parse(&target.path)
                .map_err(|rule| Error::Internal(format!("a stored path {rule}")))?;
            match target.version {
                Some(version) if version.checksum.is_some() => {
                    puts.push((put(path, &version)?, rev))
                }
                _ => deletes.push((Delete { path, base: None }, rev)),
            }
        }
        let (puts, mut sources): (Vec<_>, Vec<_>) = puts.into_iter().unzip();
        let (deletes, of_deletes): (Vec<_>, Vec<_>) = deletes.into_iter().unzip();
        sources.extend(of_deletes);
        Ok((
            Batch {
                puts,
                deletes,
                ..Batch::default()
            },
            sources,
        ))
    }

    fn targets(&self, id: &ProjectId, moment: &Moment) -> Result<Vec<Target>, Error> {
        let unknown = || Error::NoSuchFile("this project does not exist".to_owned());
        let project = self.project(id)?.ok_or_else(unknown)?.number;
        match moment {
            Moment::Time(rev, _) if !self.reaches_back_to(project, *rev)? => {
                let reason = "this project had nothing at that moment";
                Err(Error::NoSuchFile(reason.to_owned()))
            }
            Moment::Time(rev, paths) => self.at(project, *rev, paths.as_deref()),
            Moment::Version(path, rev) => match self.version(project, path, *rev)? {
                Some(version) => Ok(vec![Target {
                    path: path.to_string(),
                    version: Some(version),
                }]),
                None => Err(Error::NoSuchFile(format!("'{path}' has no version {rev}"))),
            },
        }
    }

    /// Whether the project's first version is this old. A moment before it is a mistake, such as
    /// seconds for milliseconds, that would delete everything.
    fn reaches_back_to(&self, project: i64, moment: Rev) -> Result<bool, Error> {
        let first = "SELECT min(rev) FROM version WHERE project = ?1";
        let answer = self.execute(first, &[Value::Integer(project)])?;
        let first: Option<Rev> = answer.rows.first().and_then(|row| row.get(0));
        Ok(first.is_none_or(|first| first <= moment))
    }
}

fn put(path: FilePath, version: &Version) -> Result<Put, Error> {
    let kept = version.checksum.filter(|_| version.content.is_some());
    let checksum = kept.ok_or_else(|| Error::ContentGone {
        path: path.to_string(),
    })?;
    Ok(Put {
        path,
        checksum,
        modified: version.modified,
        base: None,
        size: version.size,
        content: Content::Stored,
    })
}
