//! Which rev and which running hash a change gets, and how the project's counts follow.

use sha2::{Digest, Sha256};

use crate::domain::{Checksum, Plan, Rejection, Rev, Step};
use crate::store::project::Project;

/// What a new version is given.
pub(super) struct Numbering {
    pub(super) rev: Rev,
    /// The project's running hash at this rev.
    pub(super) tag: i64,
}

impl Project {
    /// Numbers the changes of a plan in their order, and updates the counts. Rejected when the
    /// project would have more files than before and more than `max_files`.
    pub(super) fn number_plan(
        &mut self,
        plan: &Plan,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Vec<Numbering>, Rejection> {
        let files_before = self.file_count;
        let numberings = plan
            .changes()
            .map(|step| self.number_step(step, now_us))
            .collect();
        if self.file_count > max_files && self.file_count > files_before {
            Err(Rejection::ProjectFull { limit: max_files })
        } else {
            Ok(numberings)
        }
    }

    fn number_step(&mut self, step: &Step, now_us: Rev) -> Numbering {
        self.last_rev = next_rev(self.last_rev, now_us);
        self.head = Some(self.last_rev);
        self.count(step);
        let checksum = step.put.map(|put| &put.checksum);
        self.tag = next_tag(self.tag, self.last_rev, step.path.as_str(), checksum);
        Numbering {
            rev: self.last_rev,
            tag: self.tag,
        }
    }

    fn count(&mut self, step: &Step) {
        if let Some(before) = step.before
            && let Some(checksum) = before.checksum
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
    }
}

/// The time of day, but always more than the last rev, and never a whole millisecond: an old
/// client's clock counts those, so its `since` differs from a `synced_at` at a glance.
pub(in crate::store) fn next_rev(last: Rev, now_us: Rev) -> Rev {
    match now_us.max(last + 1) {
        whole if whole % 1000 == 0 => whole + 1,
        rev => rev,
    }
}

/// The first 8 bytes of SHA-256(tag before, rev, path, a zero byte, checksum or nothing).
pub(in crate::store) fn next_tag(
    tag: i64,
    rev: Rev,
    path: &str,
    checksum: Option<&Checksum>,
) -> i64 {
    let hash = Sha256::new()
        .chain_update(tag.to_be_bytes())
        .chain_update(rev.to_be_bytes())
        .chain_update(path)
        .chain_update([0])
        .chain_update(checksum.map_or(&[][..], |checksum| checksum.as_bytes()))
        .finalize();
    hash[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CurrentState, Delete, FilePath, Push, Put, TreeDigest, Version};

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
            pruned_at: 0,
            pruned_to: String::new(),
            unportable: Some(0),
        }
    }

    fn push(paths: &[&str]) -> Push {
        let path = |path: &&str| FilePath::parse(path).unwrap();
        let put = |at: &&str| Put::new(path(at), 0, None, b"abc".to_vec());
        Push {
            puts: paths.iter().map(put).collect(),
            ..Push::default()
        }
    }

    fn revs(project: &mut Project, paths: &[&str], now_us: Rev) -> Vec<Rev> {
        let push = push(paths);
        let current = CurrentState::default();
        let plan = Plan::of(&push, &current).unwrap();
        let numberings = project.number_plan(&plan, now_us, 100).unwrap();
        numberings.iter().map(|numbering| numbering.rev).collect()
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
        let push = Push {
            deletes: vec![Delete { path, base: None }],
            ..Push::default()
        };
        let newest = Version {
            rev: 1000,
            path: "a".to_owned(),
            checksum: Some(Checksum::of(b"abc")),
            size: 3,
            modified: 0,
            device: None,
        };
        let current = CurrentState {
            newest: [("a", newest)].into(),
            ..CurrentState::default()
        };
        let plan = Plan::of(&push, &current).unwrap();
        project.number_plan(&plan, 2000, 100).unwrap();
        assert_eq!((project.file_count, project.total_size), (0, 0));
        assert_eq!(project.digest, TreeDigest::default());
    }

    #[test]
    fn a_full_project_takes_no_more_files() {
        let (mut project, push) = (project(), push(&["a", "b"]));
        let current = CurrentState::default();
        let plan = Plan::of(&push, &current).unwrap();
        assert!(matches!(
            project.number_plan(&plan, 1, 1),
            Err(Rejection::ProjectFull { limit: 1 })
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
