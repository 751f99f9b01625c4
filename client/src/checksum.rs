//! What tells contents apart.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// SHA-256 in lowercase hex, as on the wire.
pub fn checksum(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// A checksum of what is written to it.
#[derive(Debug, Default)]
pub struct Hash(Sha256);

impl Hash {
    /// The checksum of all that was written.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn it_is_that_of_the_wire_in_one_piece_or_several() {
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(checksum(b"hello"), hello);
    let mut hash = Hash::default();
    hash.write_all(b"hel").unwrap();
    hash.write_all(b"lo").unwrap();
    assert_eq!(hash.finish(), hello);
}
