//! What tells contents apart.

use sha2::{Digest, Sha256};

/// SHA-256 in lowercase hex, as on the wire.
pub fn checksum(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn it_is_that_of_the_wire() {
    assert_eq!(
        checksum(b"hello"),
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
}
