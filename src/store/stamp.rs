//! The number line of a project: which rev and which running hash a change gets, and how the
//! counts follow.

use sha2::{Digest, Sha256};

use super::Project;
use crate::error::Error;
use crate::project::Rev;
use crate::sync::{Plan, Step};

/// The number and the running hash of a new version.
pub struct Stamp {
    /// Its rev.
    pub rev: Rev,
    /// The project's running hash with it.
    pub tag: i64,
}

impl Project {
    /// Takes a plan into the counts, and stamps its changes in their order. 507 when that would
    /// leave the project with more files than before and more than `max_files`.
    pub(super) fn advance(
        &mut self,
        plan: &Plan,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Vec<Stamp>, Error> {
        let files_before = self.file_count;
        let stamps = plan
            .changes()
            .map(|step| self.advance_by(step, now_us))
            .collect();
        match self.file_count > max_files && self.file_count > files_before {
            true => Err(Error::ProjectFull { limit: max_files }),
            false => Ok(stamps),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Checksum, FilePath, TreeDigest};
    use crate::sync::{Batch, Delete, Known, Newest, Put};

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
        let path = |path: &&str| FilePath::parse(path).unwrap();
        let put = |at: &&str| Put::new(path(at), 0, None, b"abc".to_vec());
        Batch {
            puts: paths.iter().map(put).collect(),
            ..Batch::default()
        }
    }

    fn revs(project: &mut Project, paths: &[&str], now_us: Rev) -> Vec<Rev> {
        let batch = batch(paths);
        let plan = batch.plan(&Known::default()).unwrap();
        project
            .advance(&plan, now_us, 100)
            .unwrap()
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
            .plan(&Known {
                newest: [("a".to_owned(), newest)].into(),
                ..Known::default()
            })
            .unwrap();
        project.advance(&plan, 2000, 100).unwrap();
        assert_eq!((project.file_count, project.total_size), (0, 0));
        assert_eq!(project.digest, TreeDigest::default());
    }

    #[test]
    fn a_full_project_takes_no_more_files() {
        let (mut project, batch) = (project(), batch(&["a", "b"]));
        let plan = batch.plan(&Known::default()).unwrap();
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
