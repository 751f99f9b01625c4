//! The cache of compiled code. The program runs what it finds there, so nobody else may write to it.
//!
//! wasmtime's own cache packs its files with zstd, which took 17 s of processor time in the first build, and unpacks them at
//! each start.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use kamiflow_sync_component::domain::Checksum;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Components that are kept: those that were used last.
const MAX_KEPT: usize = 32;
/// The file that a program locks while it compiles.
const LOCK: &str = "lock";
/// How long it is waited for one that compiles, which takes 15 s on two slow cores, and how often it is looked whether
/// that one is done.
const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// A folder with compiled code.
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// The cache below the user's cache folder. `None`, so that every start compiles, without a folder
    /// that can be written to, or when others could write to it.
    pub fn open() -> Option<Self> {
        let folder = user_folder()?.join("kamiflow-sync");
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder).ok()?;
        let folder = folder.canonicalize().ok()?;
        if !is_ours_alone(&folder) {
            let folder = folder.display();
            tracing::warn!(%folder, "others can write to the cache of compiled code, so it is not used");
            return None;
        }
        Some(Self { folder })
    }

    /// The component as it was compiled before, by the same version of wasmtime with the same settings; otherwise it is
    /// compiled and kept. Of several programs that start at once, one compiles and the others wait for it.
    ///
    /// # Errors
    ///
    /// When it is not a component.
    pub fn find_or_compile(
        &self,
        engine: &Engine,
        component: &[u8],
    ) -> wasmtime::Result<Component> {
        let file = self.file(engine, component);
        let find = || find(engine, &file);
        if let Some(found) = find() {
            return Ok(found);
        }
        let _turn = self.turn(COMPILE_TIMEOUT);
        if let Some(found) = find() {
            return Ok(found);
        }
        let compiled = Component::new(engine, component)?;
        if let Err(error) = self.keep(&file, &compiled.serialize()?) {
            tracing::warn!(%error, "the compiled component is not kept, so the next start compiles it again");
        }
        Ok(compiled)
    }

    /// Waits until no other program compiles, but not for one that hangs, nor where there are no locks, as on some
    /// network drives.
    fn turn(&self, timeout: Duration) -> Option<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(self.folder.join(LOCK)).ok()?;
        let end = Instant::now() + timeout;
        loop {
            match lock.try_lock() {
                Ok(()) => return Some(lock),
                Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(LOOK),
                Err(_) => return None,
            }
        }
    }

    /// Writes a file that gets its name when it is on the disk.
    fn keep(&self, file: &Path, code: &[u8]) -> io::Result<()> {
        let part = file.with_extension(std::process::id().to_string());
        let written = write(&part, code).and_then(|()| std::fs::rename(&part, file));
        written.inspect_err(|_| _ = std::fs::remove_file(&part))?;
        self.forget(MAX_KEPT)
    }

    /// Removes the files that were not used for the longest time. Programs that run their code still have it.
    fn forget(&self, keep: usize) -> io::Result<()> {
        let files = self.folder.read_dir()?.filter_map(|entry| {
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

    fn file(&self, engine: &Engine, component: &[u8]) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let (component, settings) = (Checksum::of(component), settings.finish());
        self.folder
            .join(format!("{component}-{settings:016x}.cwasm"))
    }
}

fn find(engine: &Engine, file: &Path) -> Option<Component> {
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

fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// As the XDG Base Directory Specification says.
fn user_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let absolute = named.filter(|folder| folder.is_absolute());
    absolute.or_else(|| Some(std::env::home_dir()?.join(".cache")))
}

/// Whether only this user can write into `folder`, and nobody but root can put another in its place.
fn is_ours_alone(folder: &Path) -> bool {
    let us = Access::of_this_process();
    let access = |folder: &Path| folder.symlink_metadata().map(|it| Access::to(&it));
    let is_ours = access(folder).is_ok_and(|it| it.user == us.user && it.mode & 0o022 == 0);
    let mut above = folder.ancestors().skip(1);
    is_ours && above.all(|above| access(above).is_ok_and(|it| it.keeps_others_out(&us)))
}

/// Who may write into a folder.
struct Access {
    user: u32,
    group: u32,
    mode: u32,
}

impl Access {
    fn to(folder: &Metadata) -> Self {
        Self {
            user: folder.uid(),
            group: folder.gid(),
            mode: folder.mode(),
        }
    }

    fn of_this_process() -> Self {
        Self {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
            mode: 0,
        }
    }

    /// Whether nobody but `us` and root can rename what is in this folder. The group of this process counts as its own,
    /// since many systems give each user one.
    fn keeps_others_out(&self, us: &Self) -> bool {
        let is_owner_trusted = [0, us.user].contains(&self.user);
        let is_group_trusted = [0, us.group].contains(&self.group);
        let (for_group, for_others) = (self.mode & 0o020 != 0, self.mode & 0o002 != 0);
        // In a folder with the sticky bit, such as /tmp, one cannot rename what belongs to others.
        let is_sticky = self.mode & 0o1000 != 0;
        is_owner_trusted && (is_sticky || !for_others && (is_group_trusted || !for_group))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use wasmtime::Config;

    use super::*;

    /// A component without code.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cache() -> (tempfile::TempDir, CodeCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache {
            folder: folder.path().to_owned(),
        };
        (folder, cache)
    }

    fn count(folder: &Path) -> usize {
        folder.read_dir().unwrap().count()
    }

    #[test]
    fn what_was_compiled_is_found_by_its_component_and_settings() {
        let (folder, cache) = cache();
        let mut config = Config::new();
        let engine = Engine::new(&config).unwrap();
        let other = Engine::new(config.epoch_interruption(true)).unwrap();
        let files = [&engine, &other].map(|engine| cache.file(engine, COMPONENT));
        assert!(find(&engine, &files[0]).is_none());
        for _ in 0..2 {
            cache.find_or_compile(&engine, COMPONENT).unwrap();
            // And the lock.
            assert_eq!(count(folder.path()), 2);
        }
        assert!(find(&engine, &files[0]).is_some());
        assert!(find(&other, &files[0]).is_none());
        assert_ne!(files[0], files[1]);
        assert_ne!(files[0], cache.file(&engine, b"another"));
    }

    #[test]
    fn a_file_that_is_not_compiled_code_is_not_run_but_replaced() {
        let (_folder, cache) = cache();
        let engine = Engine::default();
        let file = cache.file(&engine, COMPONENT);
        for text in [&b""[..], b"\0asm", &[0; 10_000]] {
            write(&file, text).unwrap();
            assert!(find(&engine, &file).is_none());
            cache.find_or_compile(&engine, COMPONENT).unwrap();
            assert!(find(&engine, &file).is_some());
        }
    }

    #[test]
    fn one_program_compiles_at_a_time_and_one_that_hangs_is_not_waited_for() {
        let (_folder, cache) = cache();
        let turn = cache.turn(Duration::ZERO);
        assert!(turn.is_some() && cache.turn(2 * LOOK).is_none());
        drop(turn);
        assert!(cache.turn(Duration::ZERO).is_some());
    }

    #[test]
    fn the_files_that_were_used_last_are_kept() {
        let (folder, cache) = cache();
        let name = |number: u64| folder.path().join(format!("{number}.cwasm"));
        for number in [3, 1, 2] {
            write(&name(number), b"code").unwrap();
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
            let file = File::open(name(number)).unwrap();
            file.set_modified(used).unwrap();
        }
        cache.forget(2).unwrap();
        assert!(!name(1).exists() && name(2).exists() && name(3).exists());
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        let with_modes = |outer, inner| {
            let set = |path: &Path, mode| {
                std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            };
            set(folder.path(), outer);
            set(&cache, inner);
            is_ours_alone(&cache)
        };
        assert!(with_modes(0o755, 0o755));
        assert!(with_modes(0o1777, 0o700));
        assert!(!with_modes(0o755, 0o775));
        assert!(!with_modes(0o755, 0o707));
        assert!(!with_modes(0o777, 0o700));
    }

    #[test]
    fn a_folder_above_belongs_to_this_user_or_to_root() {
        let access = |user, group, mode| Access { user, group, mode };
        let us = access(1000, 1000, 0);
        for (user, group, mode) in [(0, 0, 0o755), (1000, 1000, 0o775), (0, 5, 0o1777)] {
            assert!(access(user, group, mode).keeps_others_out(&us), "{mode:o}");
        }
        for (user, group, mode) in [(1, 0, 0o755), (1, 0, 0o1777), (0, 5, 0o775), (0, 0, 0o757)] {
            assert!(!access(user, group, mode).keeps_others_out(&us), "{mode:o}");
        }
    }
}
