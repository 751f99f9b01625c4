//! Writes a push, whole or not at all.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};
use spin_sdk::sqlite3::Value;

use super::{
    Project, Store, integer, json_array, optional_checksum, optional_integer, optional_text,
    take_text, text,
};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{Checksum, FilePath, ProjectId, Rev};
use crate::sync::{Batch, Content, Known, Newest, Plan, Step};
use crate::wire::push::{Outcome, Replaced};

/// What a push did.
pub struct Applied {
    /// Where the change feed stands.
    pub cursor: Cursor,
    /// Newer edits that an older one replaced.
    pub replaced: Vec<Replaced>,
    /// What became of each path.
    pub outcomes: Vec<Outcome>,
}

impl Store {
    /// Applies a batch in one transaction. `now_us` is the time of day in microseconds, and
    /// `max_files` the most live files that the project may have afterwards.
    pub fn push(
        id: &ProjectId,
        batch: &Batch,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Applied, Error> {
        Self::write(|store| store.apply(id, batch, now_us, max_files))
    }

    /// The same inside a transaction that is open already.
    pub(super) fn apply(
        &self,
        id: &ProjectId,
        batch: &Batch,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Applied, Error> {
        let existing = self.project(id)?;
        let known = match &existing {
            Some(project) => self.newest(project.number, batch)?,
            None => Known::new(),
        };
        let plan = batch.plan(&known)?;
        plan.check_folders(&known)?;
        let mut project = match existing {
            Some(project) => project,
            None if plan.is_empty() && !batch.describes() => return Ok(Applied::nothing(plan)),
            None => self.create(id, now_us)?,
        };
        self.check_below(project.number, &plan)?;
        let revs = project.advance(&plan, now_us, max_files)?;
        self.add_versions(&project, &plan, &revs, batch.device.as_deref())?;
        self.sweep_when_due(&mut project, now_us)?;
        self.update(&project, batch)?;
        Ok(Applied {
            cursor: project.cursor(),
            outcomes: outcomes(&plan, &revs),
            replaced: plan.replaced,
        })
    }

    /// The newest version of every path of the batch, and of every folder above one.
    fn newest(&self, project: i64, batch: &Batch) -> Result<Known, Error> {
        let puts = batch.puts.iter().map(|put| &put.path);
        let paths = puts
            .clone()
            .chain(batch.deletes.iter().map(|delete| &delete.path));
        let mut folders: Vec<&str> = puts.flat_map(FilePath::folders).collect();
        folders.sort_unstable();
        folders.dedup();
        let answer = self.execute(
            "SELECT file.path, version.rev, version.checksum, version.modified, version.size
             FROM json_each(?2) AS asked
             CROSS JOIN file ON file.project = ?1 AND file.path = asked.value
             CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev",
            &[
                Value::Integer(project),
                json_array(paths.map(FilePath::as_str).chain(folders)),
            ],
        )?;
        let newest = |mut row| {
            let path = take_text(&mut row, 0)?;
            let checksum = optional_checksum(&row, 2);
            let (rev, modified, size) = (integer(&row, 1)?, integer(&row, 3)?, integer(&row, 4)?);
            Ok((
                path,
                Newest {
                    rev,
                    checksum,
                    modified,
                    size,
                },
            ))
        };
        answer.rows.into_iter().map(newest).collect()
    }

    /// Refuses a new file that is a folder of live ones, unless the same push deletes those.
    fn check_below(&self, project: i64, plan: &Plan) -> Result<(), Error> {
        let mut created = plan.created().peekable();
        if created.peek().is_none() {
            return Ok(());
        }
        let deleted: HashSet<&str> = plan.deleted().map(FilePath::as_str).collect();
        // '0' is the character behind '/'.
        let answer = self.execute(
            "SELECT asked.value, below.path FROM json_each(?2) AS asked
             CROSS JOIN file AS below ON below.project = ?1 AND below.deleted = 0
               AND below.path > asked.value || '/' AND below.path < asked.value || '0'
             LIMIT ?3",
            &[
                Value::Integer(project),
                json_array(created.map(FilePath::as_str)),
                Value::Integer(deleted.len() as i64 + 1),
            ],
        )?;
        for mut row in answer.rows {
            let (folder, below) = (take_text(&mut row, 0)?, take_text(&mut row, 1)?);
            if !deleted.contains(below.as_str()) {
                let rule = format!("is a folder: '{below}' lies below it");
                return Err(Error::BadPath { path: folder, rule });
            }
        }
        Ok(())
    }

    fn add_versions(
        &self,
        project: &Project,
        plan: &Plan,
        revs: &Revs,
        device: Option<&str>,
    ) -> Result<(), Error> {
        let content = self.add_content(project.number, plan)?;
        let number = || Value::Integer(project.number);
        let changes = || plan.changes().zip(&revs.stamps);
        self.insert(
            "INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)",
            changes().map(|(step, stamp)| [
                number(),
                Value::Integer(stamp.rev),
                text(step.path.as_str()),
                step.put.map_or(Value::Null, |put| Value::Blob(put.checksum.as_bytes().to_vec())),
                Value::Integer(step.put.map_or(0, |put| put.size as i64)),
                Value::Integer(step.put.map_or(stamp.rev / 1000, |put| put.modified)),
                optional_text(device),
                optional_integer(step.before.map(|before| before.rev)),
                Value::Integer(stamp.tag),
                optional_integer(step.put.and_then(|put| content.get(&put.checksum)).copied()),
            ]),
            "",
        )?;
        self.insert(
            "INSERT INTO file (project, path, rev, deleted)",
            changes().map(|(step, stamp)| [
                number(),
                text(step.path.as_str()),
                Value::Integer(stamp.rev),
                Value::Integer(step.put.is_none().into()),
            ]),
            "ON CONFLICT (project, path) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted",
        )?;
        Ok(())
    }

    /// Stores what is not yet stored and answers the `content.id` of every checksum.
    fn add_content(&self, project: i64, plan: &Plan) -> Result<HashMap<Checksum, i64>, Error> {
        let puts = || plan.changes().filter_map(|step| step.put);
        let new = puts().filter_map(|put| match &put.content {
            Content::New(bytes) => Some((put.checksum, bytes)),
            Content::Stored(_) => None,
        });
        let rows = self.insert(
            "INSERT INTO content (project, checksum, bytes)",
            new.map(|(checksum, bytes)| {
                [
                    Value::Integer(project),
                    Value::Blob(checksum.as_bytes().to_vec()),
                    Value::Blob(bytes.clone()),
                ]
            }),
            // An update that changes nothing, because DO NOTHING returns no row.
            "ON CONFLICT (project, checksum) DO UPDATE SET project = project RETURNING checksum, id",
        )?;
        let stored = puts().filter_map(|put| match put.content {
            Content::Stored(id) => Some((put.checksum, id)),
            Content::New(_) => None,
        });
        let added = rows
            .iter()
            .filter_map(|row| Some((optional_checksum(row, 0)?, row.get(1)?)));
        Ok(stored.chain(added).collect())
    }

    fn update(&self, project: &Project, batch: &Batch) -> Result<(), Error> {
        self.execute(
            "UPDATE project SET last_rev = ?2, head = ?3, tag = ?4, file_count = ?5, total_size = ?6, digest = ?7,
               name = coalesce(?8, name), git_repo = coalesce(?9, git_repo), swept_at = ?10, swept_to = ?11
             WHERE number = ?1 AND (last_rev <> ?2
               OR swept_at <> ?10 OR coalesce(?8, name) IS NOT name OR coalesce(?9, git_repo) IS NOT git_repo)",
            &[
                Value::Integer(project.number),
                Value::Integer(project.last_rev),
                optional_integer(project.head),
                Value::Integer(project.tag),
                Value::Integer(project.file_count as i64),
                Value::Integer(project.total_size as i64),
                Value::Blob(project.digest.as_bytes().to_vec()),
                optional_text(batch.name.as_deref()),
                optional_text(batch.git_repo.as_deref()),
                Value::Integer(project.swept_at),
                text(&project.swept_to),
            ],
        )?;
        Ok(())
    }
}

impl Applied {
    /// A push that neither stored nor deleted anything in a project that does not exist.
    fn nothing(plan: Plan) -> Self {
        Self {
            cursor: Cursor::BEGINNING,
            outcomes: outcomes(&plan, &Revs { stamps: Vec::new() }),
            replaced: Vec::new(),
        }
    }
}

/// The number and the running hash of a new version.
pub struct Stamp {
    /// Its rev.
    pub rev: Rev,
    /// The project's running hash with it.
    pub tag: i64,
}

/// One stamp per change of a plan, in its order.
struct Revs {
    stamps: Vec<Stamp>,
}

impl Project {
    /// Takes the plan into the project's counts and gives every change its rev:
    /// the time of day, but never less than one more than the last.
    fn advance(&mut self, plan: &Plan, now_us: Rev, max_files: u64) -> Result<Revs, Error> {
        let files_before = self.file_count;
        let stamps = plan
            .changes()
            .map(|step| self.advance_by(step, now_us))
            .collect();
        match self.file_count > max_files && self.file_count > files_before {
            true => Err(Error::ProjectFull { limit: max_files }),
            false => Ok(Revs { stamps }),
        }
    }

    /// Takes one change into the counts, and stamps it.
    pub fn advance_by(&mut self, step: &Step, now_us: Rev) -> Stamp {
        self.last_rev = next_rev(self.last_rev, now_us);
        self.head = Some(self.last_rev);
        if let Some((before, checksum)) = step
            .before
            .and_then(|before| Some((before, before.checksum?)))
        {
            self.digest.toggle(step.path.as_str(), &checksum);
            self.file_count -= 1;
            self.total_size -= before.size;
        }
        if let Some(put) = step.put {
            self.digest.toggle(step.path.as_str(), &put.checksum);
            self.file_count += 1;
            self.total_size += put.size;
        }
        self.tag = next_tag(self.tag, self.last_rev, step);
        Stamp {
            rev: self.last_rev,
            tag: self.tag,
        }
    }
}

/// The time of day, but never less than one more than the last, and never a whole millisecond: so
/// the clock of an old client, which counts those, is told from a `synced_at` at a glance.
fn next_rev(last: Rev, now_us: Rev) -> Rev {
    match now_us.max(last + 1) {
        whole if whole % 1000 == 0 => whole + 1,
        rev => rev,
    }
}

/// The first 8 bytes of SHA-256(tag before, rev, path, a zero byte, checksum or nothing).
fn next_tag(tag: i64, rev: Rev, step: &Step) -> i64 {
    let hash = Sha256::new()
        .chain_update(tag.to_be_bytes())
        .chain_update(rev.to_be_bytes())
        .chain_update(step.path.as_str())
        .chain_update([0])
        .chain_update(step.put.map_or(&[][..], |put| put.checksum.as_bytes()))
        .finalize();
    hash[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | i64::from(*byte))
}

fn outcomes(plan: &Plan, revs: &Revs) -> Vec<Outcome> {
    let mut stamps = revs.stamps.iter();
    let outcome = |step: &Step| Outcome {
        path: step.path.to_string(),
        status: step.status,
        rev: match step.is_change() {
            true => stamps.next().map(|stamp| stamp.rev),
            false => step.before.map(|before| before.rev),
        },
    };
    plan.steps.iter().map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::TreeDigest;
    use crate::sync::{Delete, Put};

    fn project() -> Project {
        Project {
            number: 1,
            last_rev: 0,
            head: None,
            epoch: 7,
            tag: 0,
            file_count: 0,
            total_size: 0,
            digest: TreeDigest::default(),
            swept_at: 0,
            swept_to: String::new(),
        }
    }

    fn batch(paths: &[&str]) -> Batch {
        let put = |path: &&str| Put {
            path: FilePath::parse(path).unwrap(),
            checksum: Checksum::of(b"abc"),
            modified: 0,
            base: None,
            size: 3,
            content: Content::New(b"abc".to_vec()),
        };
        Batch {
            puts: paths.iter().map(put).collect(),
            ..Batch::default()
        }
    }

    fn revs(project: &mut Project, paths: &[&str], now_us: Rev) -> Vec<Rev> {
        let batch = batch(paths);
        let plan = batch.plan(&Known::new()).unwrap();
        project
            .advance(&plan, now_us, 100)
            .unwrap()
            .stamps
            .iter()
            .map(|stamp| stamp.rev)
            .collect()
    }

    #[test]
    fn revs_are_the_time_of_day_and_never_go_back() {
        let mut project = project();
        assert_eq!(
            revs(&mut project, &["a", "b", "c"], 1005),
            [1005, 1006, 1007]
        );
        assert_eq!(revs(&mut project, &["d"], 500), [1008]);
        assert_eq!(revs(&mut project, &["e"], 2500), [2500]);
        assert_eq!((project.file_count, project.total_size), (5, 15));
    }

    #[test]
    fn no_rev_is_a_whole_millisecond() {
        let mut project = project();
        assert_eq!(revs(&mut project, &["a"], 5000), [5001]);
        assert_eq!(revs(&mut project, &["b", "c"], 5999), [5999, 6001]);
    }

    #[test]
    fn deleting_what_was_pushed_leaves_an_empty_tree() {
        let mut project = project();
        revs(&mut project, &["a"], 1000);
        let path = FilePath::parse("a").unwrap();
        let batch = Batch {
            deletes: vec![Delete { path, base: None }],
            ..Batch::default()
        };
        let newest = Newest {
            rev: 1000,
            checksum: Some(Checksum::of(b"abc")),
            modified: 0,
            size: 3,
        };
        let plan = batch
            .plan(&Known::from([("a".to_owned(), newest)]))
            .unwrap();
        project.advance(&plan, 2000, 100).unwrap();
        assert_eq!((project.file_count, project.total_size), (0, 0));
        assert_eq!(project.digest, TreeDigest::default());
    }

    #[test]
    fn a_full_project_takes_no_more_files() {
        let (mut project, batch) = (project(), batch(&["a", "b"]));
        let plan = batch.plan(&Known::new()).unwrap();
        assert!(matches!(
            project.advance(&plan, 1, 1),
            Err(Error::ProjectFull { limit: 1 })
        ));
    }

    #[test]
    fn the_running_hash_depends_on_every_change_before() {
        let (mut left, mut right) = (project(), project());
        revs(&mut left, &["a", "b"], 1);
        revs(&mut right, &["x", "b"], 1);
        assert_eq!(left.last_rev, right.last_rev);
        assert_ne!(left.tag, right.tag);
    }
}
