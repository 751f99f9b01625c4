//! Whether a device has what a file once was, so that it is behind and not in conflict.

use super::error::Error;
use super::row::{Row, json_array};
use super::store::Store;
use crate::domain::{Checksum, Rev};

/// Versions looked at in one statement: some milliseconds, so that others are served in between.
const STEP_VERSIONS: usize = 2_000;

/// A path with a content that a device says to have.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Rev of a version of the path: at first the newest.
    pub rev: Rev,
    /// The content.
    pub checksum: Checksum,
    /// The content counts in the version of this rev or in a later one. What is older, the device has
    /// seen replaced.
    pub since: Rev,
}

impl Store {
    /// Returns for each claim whether the path had the content since.
    pub fn had_since(&self, project: i64, claims: &[Claim]) -> Result<Vec<bool>, Error> {
        let mut had = vec![false; claims.len()];
        let mut open: Vec<_> = claims.iter().cloned().enumerate().collect();
        while !open.is_empty() {
            let rows = self.walk(project, &open)?;
            let mut next = Vec::new();
            for row in rows {
                let (index, claim) = open
                    .get(row.integer::<usize>(0)?)
                    .ok_or(Error::Damaged("a claim was not asked for"))?;
                match row.optional_integer(1)? {
                    None => had[*index] = true,
                    Some(rev) => next.push((
                        *index,
                        Claim {
                            rev,
                            ..claim.clone()
                        },
                    )),
                }
            }
            open = next;
        }
        Ok(had)
    }

    /// Walks down each chain for a while. Returns a row for each claim that is found, without a rev,
    /// or not decided, with the rev at which its walk continues.
    fn walk(&self, project: i64, open: &[(usize, Claim)]) -> Result<Vec<Row>, Error> {
        let asked = open.iter().map(|(_, claim)| {
            serde_json::json!([claim.rev, claim.checksum.to_string(), claim.since])
        });
        let depth = (STEP_VERSIONS / open.len()).max(1);
        self.execute(
            "WITH RECURSIVE chain (claim, wanted, since, rev, checksum, previous, depth) AS (
               SELECT asked.key, unhex(asked.value ->> 1), asked.value ->> 2,
                      version.rev, version.checksum, version.previous, 1
               FROM json_each(?2) AS asked
               CROSS JOIN version ON version.project = ?1 AND version.rev = asked.value ->> 0
               UNION ALL
               SELECT claim, wanted, since, version.rev, version.checksum, version.previous, depth + 1
               FROM chain CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE chain.checksum IS NOT wanted AND chain.rev > since AND depth < ?3
             )
             SELECT claim, iif(checksum = wanted, NULL, previous) FROM chain
             WHERE checksum = wanted OR depth = ?3 AND rev > since AND previous IS NOT NULL",
            [project.into(), json_array(asked), (depth as i64).into()],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, path};
    use super::*;

    fn newest(store: &Store, at: &str) -> (i64, Rev) {
        let project = store.project(&id()).unwrap().unwrap().number;
        let newest = store.newest_version(project, &path(at)).unwrap().unwrap();
        (project, newest.version.rev)
    }

    #[test]
    fn a_device_is_behind_only_by_what_it_has_not_seen_replaced() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        let (project, rev) = newest(&store, "a");
        let had = |content: &[u8], since| {
            let checksum = Checksum::of(content);
            let claim = [Claim {
                rev,
                checksum,
                since,
            }];
            store.had_since(project, &claim).unwrap()[0]
        };
        assert!(had(b"one", 0) && had(b"one", 1) && had(b"two", 2));
        assert!(!had(b"one", 2) && !had(b"three", 0));
    }

    #[test]
    fn a_long_history_is_walked_in_steps_to_its_end() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("first")), ("b", Some("other"))]);
        for version in 2..40 {
            store.push_at(version * 10, &[("a", Some(&version.to_string()))]);
        }
        let (project, rev) = newest(&store, "a");
        let claim = |content: &str| Claim {
            rev,
            checksum: Checksum::of(content.as_bytes()),
            since: 0,
        };
        // So many claims that each step looks at one version of each.
        let mut claims = vec![claim("never"); STEP_VERSIONS];
        claims[7] = claim("first");
        claims[8] = claim("20");
        claims[9] = Claim {
            since: 200,
            ..claim("20")
        };
        claims[10] = Claim {
            since: 210,
            ..claim("20")
        };
        let had = store.had_since(project, &claims).unwrap();
        let found: Vec<_> = (0..STEP_VERSIONS).filter(|index| had[*index]).collect();
        assert_eq!(found, [7, 8, 9]);
    }
}
