//! A session of the dashboard: a number that nobody can guess, and what has opened it.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::key::SecretHash;

/// How long a session stays open without a request, in microseconds.
pub const IDLE_US: i64 = 12 * 3_600_000_000;

const ID_BYTES: usize = 32;

/// The id of a session, which its cookie holds and nothing stores.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; ID_BYTES]);

/// What has opened a session.
pub enum Credential<'a> {
    /// The owner's key.
    OwnerKey(&'a str),
    /// The user name and the password of the dashboard.
    Password(&'a str, &'a str),
    /// The secret of a device.
    Device(&'a SecretHash),
}

/// The SHA-256 of an id and of what has opened the session. It tells whether that still opens it, and
/// nothing about a key, since nobody who reads it knows the id.
#[derive(Clone)]
pub struct Proof([u8; 32]);

impl SessionId {
    /// A new id. `random` returns numbers that nobody can guess.
    pub fn generate(mut random: impl FnMut() -> u64) -> Self {
        let mut bytes = [0; ID_BYTES];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random().to_le_bytes());
        }
        Self(bytes)
    }

    /// Reads an id; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What is stored of the id.
    pub fn hash(&self) -> [u8; 32] {
        self.derive("stored", &[])
    }

    /// Stands in every form of the session, so that no other page can send one.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode_to_string(self.derive("form", &[]))
    }

    /// Whether this is [`token`](Self::token). Takes the same time wherever a wrong one differs.
    pub fn accepts(&self, token: &str) -> bool {
        token.as_bytes().ct_eq(self.token().as_bytes()).into()
    }

    /// Proves that this has opened the session.
    pub fn proof(&self, of: &Credential) -> Proof {
        Proof(match of {
            Credential::OwnerKey(key) => self.derive("key", &[key.as_bytes()]),
            Credential::Password(user, password) => {
                self.derive("password", &[user.as_bytes(), password.as_bytes()])
            }
            Credential::Device(hash) => self.derive("device", &[hash.as_bytes()]),
        })
    }

    /// Of texts without zeros, and so unlike for unlike parts.
    fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(purpose).chain_update([0]);
        hash.update(self.0);
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        hash.finalize().into()
    }
}

/// The whole id.
impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode_to_string(self.0))
    }
}

impl Proof {
    /// A stored proof; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both prove the same. Takes the same time wherever they differ.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seed: u64) -> SessionId {
        let mut number = seed;
        SessionId::generate(|| {
            number = number.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1);
            number
        })
    }

    #[test]
    fn an_id_reads_back_and_its_token_is_another_text() {
        let id = id(1);
        assert!(SessionId::parse(&id.to_string()) == Some(id.clone()));
        assert!(id.accepts(&id.token()) && !id.accepts(&id.to_string()) && !id.accepts(""));
        for bad in ["", "x", &"A".repeat(42), &"A".repeat(44), "ü"] {
            assert!(SessionId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_proof_is_of_one_session_and_of_one_credential() {
        let device = SecretHash::from_bytes(&[7; 32]).unwrap();
        let of = |id: &SessionId| {
            [
                Credential::OwnerKey("a"),
                Credential::OwnerKey("b"),
                Credential::Password("a", "b"),
                Credential::Password("ab", ""),
                Credential::Device(&device),
            ]
            .map(|credential| id.proof(&credential))
        };
        let proofs: Vec<Proof> = [id(1), id(2)].iter().flat_map(of).collect();
        for (at, proof) in proofs.iter().enumerate() {
            let same: Vec<_> = proofs.iter().map(|other| proof.is(other)).collect();
            assert_eq!(same.iter().filter(|same| **same).count(), 1);
            assert!(same[at]);
        }
        assert!(of(&id(1))[0].is(&proofs[0]));
    }
}
