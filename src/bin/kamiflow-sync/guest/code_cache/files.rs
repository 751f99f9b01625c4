//! The files of the cache: found, run, written and removed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::turn::LOCK;

pub fn find(engine: &Engine, file: &Path) -> Option<Component> {
    // Marks it as used. Its content never changes.
    let used = File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
    used.ok().and_then(|()| load(engine, file).ok())
}

#[expect(
    unsafe_code,
    reason = "runs the code that is in the file: only this user can write there, and only `keep` does"
)]
fn load(engine: &Engine, file: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see above. wasmtime itself refuses code of another version or of other settings.
    unsafe {
        // Mapped, so that a start reads only what it runs; where nothing that is mapped may be run, a copy.
        Component::deserialize_file(engine, file)
            .or_else(|_noexec| Component::deserialize(engine, std::fs::read(file)?))
    }
}

/// Writes a file that gets its name when it is on the disk.
pub fn keep(file: &Path, code: &[u8]) -> io::Result<()> {
    let part = file.with_extension(std::process::id().to_string());
    let written = write(&part, code).and_then(|()| std::fs::rename(&part, file));
    written.inspect_err(|_| _ = std::fs::remove_file(&part))
}

/// Removes the files that were not used for the longest time. Programs that run their code still have it.
pub fn forget(folder: &Path, keep: usize) -> io::Result<()> {
    let files = folder.read_dir()?.filter_map(|entry| {
        let (path, stat) = entry.ok().map(|entry| (entry.path(), entry.metadata()))?;
        let stat = stat
            .ok()
            .filter(|stat| stat.is_file() && !path.ends_with(LOCK))?;
        Some((stat.modified().ok()?, path))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    let old = files.len().saturating_sub(keep);
    let mut old = files.iter().take(old);
    old.try_for_each(|(_, file)| std::fs::remove_file(file))
}

fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(file)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_files_that_were_used_last_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let name = |number: u64| folder.path().join(format!("{number}.cwasm"));
        for number in [3, 1, 2] {
            write(&name(number), b"code").unwrap();
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
            let file = File::open(name(number)).unwrap();
            file.set_modified(used).unwrap();
        }
        forget(folder.path(), 2).unwrap();
        assert!(!name(1).exists() && name(2).exists() && name(3).exists());
    }
}
