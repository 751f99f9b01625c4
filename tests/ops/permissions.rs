//! What the program creates is for its user alone, whatever the umask is.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use support::Host;

/// Everything below a folder, with its mode.
fn below(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        found.push((entry.path(), entry.metadata().unwrap().mode() & 0o777));
        if kind.is_dir() {
            found.extend(below(&entry.path()));
        }
    }
    found
}

#[test]
fn the_data_and_the_cache_of_compiled_code_are_private_under_any_umask() {
    let cache = tempfile::tempdir().unwrap();
    let cache_home = format!("XDG_CACHE_HOME={}", cache.path().display());
    let loose = "umask 0; exec \"$0\" \"$@\"";
    let host = Host::start_in(&["env", &cache_home, "sh", "-c", loose]);
    host.client().push_files("p", &[("a", "one")]).good();
    let data = below(host.database().parent().unwrap());
    let compiled = below(cache.path());
    assert!(
        data.len() > 2 && compiled.len() > 1,
        "{data:?} {compiled:?}"
    );
    for (path, mode) in data.iter().chain(&compiled) {
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}
