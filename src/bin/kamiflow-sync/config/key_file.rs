//! An API key that the program generates and stores in a file that only its owner can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Random bytes in a generated key.
const KEY_BYTES: usize = 32;

/// Reads the key in `file`, without surrounding white space. When there is no such file, or one
/// without a byte, creates it, mode 0600, with a new key of 64 hexadecimal digits.
///
/// # Errors
///
/// When the file holds only white space, or cannot be read or created.
pub fn read_or_create(file: &Path) -> Result<String> {
    match read(file)? {
        Some(key) => Ok(key),
        None => create(file),
    }
}

fn read(file: &Path) -> Result<Option<String>> {
    let shown = file.display();
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("cannot read the API key in {shown}"))?,
    };
    let key = text.trim();
    ensure!(
        text.is_empty() || !key.is_empty(),
        "{shown} is empty: delete it to have a new key generated"
    );
    Ok((!text.is_empty()).then(|| key.to_owned()))
}

/// The key gets the name of `file` when it is complete and on the disk.
fn create(file: &Path) -> Result<String> {
    let cannot_store = || format!("cannot store a new API key in {}", file.display());
    let part = file.with_extension("part");
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    let options = options.mode(0o600).custom_flags(no_link);
    let mut unfinished = options.open(&part).with_context(cannot_store)?;
    unfinished.lock().with_context(cannot_store)?;
    // Another server that starts at the same time may have been faster.
    if let Some(key) = read(file)? {
        _ = std::fs::remove_file(&part);
        return Ok(key);
    }
    let key = random_hex::<KEY_BYTES>().with_context(cannot_store)?;
    write(&mut unfinished, &key)
        .and_then(|()| std::fs::rename(&part, file))
        .and_then(|()| File::open(file.with_file_name("."))?.sync_all())
        .with_context(cannot_store)?;
    Ok(key)
}

fn write(file: &mut File, key: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()
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
    fn what_a_killed_start_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        std::fs::write(&file, "").unwrap();
        std::fs::write(folder.path().join("api-key.part"), "0123").unwrap();
        let key = read_or_create(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{key}\n"));
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn servers_that_start_at_once_use_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| read_or_create(&file).unwrap()))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        let stored = read_or_create(&file).unwrap();
        assert!(keys.iter().all(|key| *key == stored), "{keys:?}");
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
