//! The public part of a key, by which it is found, listed and revoked.

use std::fmt;

/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 10;

/// The id of a key: 10 characters, 50 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    /// Bytes of a random id.
    pub(super) const LENGTH: usize = LENGTH;

    /// An id from random bytes.
    pub(super) fn of(random: [u8; LENGTH]) -> Self {
        let letter = |byte: u8| char::from(ALPHABET[usize::from(byte % 32)]);
        Self(random.map(letter).iter().collect())
    }

    /// Reads an id; `None` unless it has 10 characters of the alphabet.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte));
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
