//! A random key in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Entropy of a made key.
const KEY_BYTES: usize = 32;

/// The key in `file`; when there is no such file, a new key of 64 hexadecimal digits, which
/// the file then holds with mode 0600. White space around a kept key is not part of it.
///
/// # Errors
///
/// When the file cannot be read or made, or is empty.
pub fn read_or_make(file: &Path) -> Result<String> {
    let shown = file.display();
    match make(file) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let kept = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the API key in {shown}"))?;
            let key = kept.trim();
            ensure!(
                !key.is_empty(),
                "{shown} is empty: delete it and a new key is made"
            );
            Ok(key.to_owned())
        }
        made => made.with_context(|| format!("cannot keep a new API key in {shown}")),
    }
}

fn make(file: &Path) -> std::io::Result<String> {
    let mut options = OpenOptions::new();
    let mut kept = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    let key = random_hex::<KEY_BYTES>()?;
    kept.write_all(format!("{key}\n").as_bytes())?;
    kept.sync_all()?;
    Ok(key)
}

/// `N` random bytes as hexadecimal digits.
fn random_hex<const N: usize>() -> std::io::Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_made_key_is_reused_on_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        let made = read_or_make(&file).unwrap();
        assert_eq!(made.len(), 2 * KEY_BYTES);
        assert_eq!(read_or_make(&file).unwrap(), made);
    }

    #[test]
    fn only_the_owner_can_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        read_or_make(&file).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_empty_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        std::fs::write(&file, "\n").unwrap();
        assert!(
            read_or_make(&file)
                .unwrap_err()
                .to_string()
                .contains("is empty")
        );
    }
}
