//! One hash over all files of a project.

use std::fmt;

use sha2::{Digest, Sha256};

use super::checksum::{Checksum, write_hex};

/// A fingerprint of all live files of a project: two sides with equal digests hold the same
/// paths with the same content.
///
/// It is the XOR of SHA-256(`path`, a zero byte, the checksum in lower-case hex) over all live
/// files, so that a change costs two hashes whatever the size of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeDigest([u8; 32]);

impl TreeDigest {
    /// Adds a file, or takes it out again: the operation is its own inverse.
    pub fn toggle(&mut self, path: &str, checksum: &Checksum) {
        let entry = Sha256::new()
            .chain_update(path)
            .chain_update([0])
            .chain_update(checksum.to_string())
            .finalize();
        self.0
            .iter_mut()
            .zip(entry)
            .for_each(|(byte, other)| *byte ^= other);
    }

    /// A stored digest; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TreeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_files_and_not_on_their_order() {
        let (one, two) = (Checksum::of(b"1"), Checksum::of(b"2"));
        let (mut left, mut right) = (TreeDigest::default(), TreeDigest::default());
        left.toggle("a", &one);
        left.toggle("b", &two);
        right.toggle("b", &two);
        right.toggle("a", &one);
        assert_eq!(left, right);
        right.toggle("b", &two);
        assert_ne!(left, right);
        right.toggle("a", &one);
        assert_eq!(right, TreeDigest::default());
    }
}
