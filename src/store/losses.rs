//! What no change of a project tells: that a project is deleted, or that a key opens less than before.

use super::error::Error;
use super::row::Value;
use super::store::Store;

/// Numbers of which one differs when a project was deleted, a key was revoked or has another secret.
#[derive(Debug, PartialEq)]
pub struct Losses(Vec<Value>);

impl Store {
    /// Reads one row for each deleted project and each key.
    pub fn losses(&self) -> Result<Losses, Error> {
        // A project that is deleted again has a higher rev. The sums are in two parts, because one would be
        // larger than an integer.
        let rows = self.run(
            "SELECT * FROM
               (SELECT count(*), sum(last_rev / 1000000), sum(last_rev % 1000000) FROM retired),
               (SELECT count(revoked_at), sum(secret_at / 1000000), sum(secret_at % 1000000) FROM device_key)",
        )?;
        let row = rows.into_iter().next();
        row.map(|row| Losses(row.0))
            .ok_or(Error::Damaged("a count has no row"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, owner_key};

    #[test]
    fn a_deletion_a_revocation_and_another_secret_are_losses_and_nothing_else_is() {
        let file = TestFile::new();
        let store = file.store();
        let key = owner_key();
        let key_id = key.id.as_str();
        let mut now_us = 5_000_000;
        let mut is_loss = |change: &dyn Fn(i64)| {
            let before = store.losses().unwrap();
            now_us += 700_001;
            change(now_us);
            store.losses().unwrap() != before
        };
        let add = |now_us| _ = store.add_device_key(&key, now_us).unwrap();
        let rotate = |now_us| {
            let rotated = store.rotate_device_key(key_id, &key.hash, now_us, now_us);
            assert!(rotated.unwrap().is_some());
        };
        let revoke = |now_us| _ = store.revoke_device_key(key_id, now_us).unwrap();
        let push = |now_us| _ = store.push_at(now_us, &[("a", Some("x"))]);
        let delete = |_| _ = store.delete_project(&id(), 100).unwrap();
        is_loss(&add);
        assert!(is_loss(&rotate) && is_loss(&rotate));
        for _ in 0..3 {
            assert!(!is_loss(&push));
            assert!(is_loss(&delete));
        }
        assert!(!is_loss(&delete), "there is no project");
        assert!(is_loss(&revoke) && !is_loss(&revoke));
    }
}
