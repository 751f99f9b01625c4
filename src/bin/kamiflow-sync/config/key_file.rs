//! An API key that the program generates and stores in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Random bytes in a generated key.
const KEY_BYTES: usize = 32;

/// Reads the key in `file`, without surrounding white space. When there is no such file, creates
/// it, mode 0600, with a new key of 64 hexadecimal digits.
///
/// # Errors
///
/// When the file is empty, or cannot be read or created.
pub fn read_or_create(file: &Path) -> Result<String> {
    let shown = file.display();
    match create(file) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the API key in {shown}"))?;
            let key = text.trim();
            ensure!(
                !key.is_empty(),
                "{shown} is empty: delete it to have a new key generated"
            );
            Ok(key.to_owned())
        }
        created => created.with_context(|| format!("cannot store a new API key in {shown}")),
    }
}

fn create(file: &Path) -> std::io::Result<String> {
    let mut options = OpenOptions::new();
    let mut opened = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    let key = random_hex::<KEY_BYTES>()?;
    opened.write_all(format!("{key}\n").as_bytes())?;
    opened.sync_all()?;
    Ok(key)
}

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
    fn a_generated_key_is_reused_on_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        let generated = read_or_create(&file).unwrap();
        assert_eq!(generated.len(), 2 * KEY_BYTES);
        assert_eq!(read_or_create(&file).unwrap(), generated);
    }

    #[test]
    fn only_the_owner_can_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        read_or_create(&file).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_empty_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        std::fs::write(&file, "\n").unwrap();
        assert!(
            read_or_create(&file)
                .unwrap_err()
                .to_string()
                .contains("is empty")
        );
    }
}
