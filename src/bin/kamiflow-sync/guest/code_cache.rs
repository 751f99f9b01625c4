//! The cache of compiled code. The program runs what it finds there, so nobody else may write to it.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use wasmtime::{Cache, CacheConfig};

/// The cache below the user's cache folder. `None`, so that every start compiles, without a folder
/// that can be written to, or when others could write to it.
pub fn open() -> Option<Cache> {
    let folder = user_folder()?.join("kamiflow-sync");
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&folder).ok()?;
    let folder = folder.canonicalize().ok()?;
    if !is_ours_alone(&folder) {
        let folder = folder.display();
        tracing::warn!(%folder, "others can write to the cache of compiled code, so it is not used");
        return None;
    }
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config).ok()
}

/// As the XDG Base Directory Specification says.
fn user_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let absolute = named.filter(|folder| folder.is_absolute());
    absolute.or_else(|| Some(std::env::home_dir()?.join(".cache")))
}

/// Whether only this user can write into `folder`, and nobody else can put another in its place.
fn is_ours_alone(folder: &Path) -> bool {
    let stat = |folder: &Path| folder.symlink_metadata().map(|it| (it.uid(), it.mode()));
    let is_ours = stat(folder)
        .is_ok_and(|(user, mode)| user == rustix::process::geteuid().as_raw() && mode & 0o022 == 0);
    let mut above = folder.ancestors().skip(1);
    // In a folder with the sticky bit, such as /tmp, one cannot rename what belongs to others.
    is_ours && above.all(|above| stat(above).is_ok_and(|(_, mode)| mode & 0o1002 != 0o002))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
}
