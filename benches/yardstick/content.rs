//! Files to push: Markdown of a given size, all different, so that none is stored already.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};

const TEXT: &str = "## Review of the sync plan\n\nThe release needs a design note for the retry queue; \
                    the budget of the worker is in the report.\n\n- [x] schema migration\n- [ ] latency of the index\n\n";

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A number that no other call returns.
pub fn number() -> usize {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A file with its checksum.
pub struct File {
    /// Below `.kamiflow/`.
    pub path: String,
    /// Markdown.
    pub bytes: Vec<u8>,
    /// SHA-256.
    pub checksum: [u8; 32],
}

impl File {
    /// A file of this size at a path, or at a new path.
    pub fn new(path: Option<String>, size: usize) -> Self {
        let number = number();
        let path = path.unwrap_or_else(|| format!("ideas/{}/{number}.md", number % 100));
        let mut bytes = format!("# Note {number}\n\n").into_bytes();
        while bytes.len() < size {
            bytes.extend_from_slice(&TEXT.as_bytes()[..TEXT.len().min(size - bytes.len())]);
        }
        let checksum = Sha256::digest(&bytes).into();
        Self {
            path,
            bytes,
            checksum,
        }
    }

    /// Files at new paths.
    pub fn many(count: usize, size: usize) -> Vec<Self> {
        (0..count).map(|_| Self::new(None, size)).collect()
    }

    fn write(&self, out: &mut String) {
        let Self { path, bytes, .. } = self;
        *out += &format!(r#"{{"path":"{path}","content":""#);
        BASE64_STANDARD.encode_string(bytes, out);
        let (checksum, size) = (hex(&self.checksum), bytes.len());
        *out += &format!(r#"","checksum":"{checksum}","modified":1760000000000,"size":{size}}}"#);
    }
}

/// A checksum in lower-case hex.
pub fn hex(checksum: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = checksum.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[digit as usize] as char).collect()
}

/// The body of a push, as the KamiFlow CLI sends it.
pub fn body(files: &[File]) -> Vec<u8> {
    let mut out = String::from(r#"{"files":["#);
    for (index, file) in files.iter().enumerate() {
        out += if index == 0 { "" } else { "," };
        file.write(&mut out);
    }
    out += r#"],"deletions":[],"metadata":{"name":"bench","gitRepo":""}}"#;
    out.into_bytes()
}
