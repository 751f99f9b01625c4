//! The secret of a key as it is stored: its SHA-256 only. The secret is 256 random bits, so nobody
//! finds it by trying, and a slow hash would only make requests slow.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The SHA-256 of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    pub(super) fn of(secret: &[u8; 32]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// A stored hash; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The secrets that open a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// Of the newest.
    pub hash: SecretHash,
    /// Of the one before, and until when it works too, in microseconds since 1970.
    pub previous: Option<(SecretHash, i64)>,
}

impl Secrets {
    /// The hashes of the secrets that open the key now.
    pub fn current(&self, now_us: i64) -> impl Iterator<Item = &SecretHash> {
        let previous = self
            .previous
            .iter()
            .filter(move |(_, until)| now_us < *until);
        std::iter::once(&self.hash).chain(previous.map(|(hash, _)| hash))
    }

    /// Whether this secret opens the key now. Takes the same time wherever a wrong one differs.
    pub fn accept(&self, hash: &SecretHash, now_us: i64) -> bool {
        let is = |stored: &SecretHash| stored.0.ct_eq(&hash.0);
        let previous = self.previous.as_ref();
        let is_previous = previous.map_or(Choice::from(0), |(stored, until)| {
            is(stored) & Choice::from(u8::from(now_us < *until))
        });
        (is(&self.hash) | is_previous).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_before_works_until_its_time_is_over() {
        let [new, old, other] = [1, 2, 3].map(|byte| SecretHash::of(&[byte; 32]));
        let secrets = Secrets {
            hash: new.clone(),
            previous: Some((old.clone(), 100)),
        };
        assert!(secrets.accept(&new, 0) && secrets.accept(&new, 100));
        assert!(secrets.accept(&old, 99) && !secrets.accept(&old, 100));
        assert!(!secrets.accept(&other, 0));
        assert_eq!(secrets.current(99).count(), 2);
        assert!(secrets.current(100).all(|hash| *hash == new));
    }
}
