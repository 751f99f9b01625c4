//! A key as people copy it: `kfs_<id>_<secret>`.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::id::KeyId;
use super::secret::SecretHash;

/// Tells a key of a device from the owner's, to this server and to scanners for secrets.
const PREFIX: &str = "kfs_";
const SECRET_BYTES: usize = 32;
/// Bytes behind the secret that tell a typing error. With them base64 has no unused bits.
const SUM_BYTES: usize = 4;

/// A key of a device, with its secret.
pub struct KeyText {
    /// The public part.
    pub id: KeyId,
    secret: [u8; SECRET_BYTES],
}

/// A text that begins like a key of a device and cannot be one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is mistyped or incomplete")]
pub struct MalformedKey;

impl KeyText {
    /// A new key. `random` returns numbers that nobody can guess.
    pub fn generate(mut random: impl FnMut() -> u64) -> Self {
        let mut bytes = [0; KeyId::LENGTH + SECRET_BYTES];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random().to_le_bytes()[..chunk.len()]);
        }
        let (mut id, mut secret) = ([0; KeyId::LENGTH], [0; SECRET_BYTES]);
        id.copy_from_slice(&bytes[..KeyId::LENGTH]);
        secret.copy_from_slice(&bytes[KeyId::LENGTH..]);
        Self {
            id: KeyId::of(id),
            secret,
        }
    }

    /// The same key with another secret.
    pub fn renew(id: KeyId, random: impl FnMut() -> u64) -> Self {
        Self {
            id,
            ..Self::generate(random)
        }
    }

    /// Reads a key; `None` for a text that does not begin like one.
    pub fn parse(text: &[u8]) -> Option<Result<Self, MalformedKey>> {
        let rest = text.strip_prefix(PREFIX.as_bytes())?;
        Some(parse(rest).ok_or(MalformedKey))
    }

    /// What is stored of the secret.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.secret)
    }
}

fn parse(rest: &[u8]) -> Option<KeyText> {
    let (id, secret) = str::from_utf8(rest).ok()?.split_once('_')?;
    let id = KeyId::parse(id)?;
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(secret).ok()?;
    let (secret, sum) = bytes.split_at_checked(SECRET_BYTES)?;
    let secret = secret.try_into().ok()?;
    (sum == self::sum(&id, &secret)).then_some(KeyText { id, secret })
}

/// The first bytes of SHA-256(id, secret).
fn sum(id: &KeyId, secret: &[u8; SECRET_BYTES]) -> [u8; SUM_BYTES] {
    let hash = Sha256::new()
        .chain_update(id.as_str())
        .chain_update(secret)
        .finalize();
    let mut sum = [0; SUM_BYTES];
    sum.copy_from_slice(&hash[..SUM_BYTES]);
    sum
}

/// The whole key, secret included.
impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = [&self.secret[..], &sum(&self.id, &self.secret)].concat();
        let secret = URL_SAFE_NO_PAD.encode_to_string(secret);
        write!(f, "{PREFIX}{}_{secret}", self.id)
    }
}

/// Without the secret, so that no log ever has it.
impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> KeyText {
        let mut number = 0x9e37_79b9_7f4a_7c15_u64;
        KeyText::generate(|| {
            number = number.rotate_left(23).wrapping_mul(0x2545_f491_4f6c_dd1d);
            number
        })
    }

    fn parsed(text: &str) -> Result<KeyText, MalformedKey> {
        KeyText::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_key_reads_back_and_never_shows_its_secret_by_chance() {
        let (key, text) = (key(), key().to_string());
        let read = parsed(&text).unwrap();
        assert!(read.id == key.id && read.hash() == key.hash());
        assert_eq!(text.len(), 63);
        assert_eq!(format!("{key:?}"), format!("kfs_{}", key.id));
        let renewed = KeyText::renew(key.id.clone(), || 7);
        assert!(renewed.id == key.id && renewed.hash() != key.hash());
    }

    #[test]
    fn every_typing_error_is_told() {
        let text = key().to_string();
        for at in 4..text.len() {
            for letter in ["0", "a", "Z", "-", "_", "é", " ", ""] {
                let wrong = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
                assert!(wrong == text || parsed(&wrong).is_err(), "{wrong}");
            }
        }
        for wrong in [
            "kfs_",
            &text[..62],
            &format!("{text}A"),
            &format!("{text} "),
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        for other in ["", "kfs", "KFS_x", "0123456789abcdef"] {
            assert!(KeyText::parse(other.as_bytes()).is_none(), "{other}");
        }
    }
}
