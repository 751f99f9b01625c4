//! What the program creates is for its user alone, whatever the umask is, and what is another user's is called so.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use support::{Host, OtherUser, argument, run};

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

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn what_another_user_may_not_use_is_named_and_not_called_missing() {
    let Some(user) = OtherUser::new(65532) else {
        return;
    };
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = host.database();
    let private = tempfile::tempdir().unwrap();
    let backup = private.path().join("backup.db");
    run(&database, &["backup", argument(&backup)]).good();
    set_mode(private.path(), 0o700);
    set_mode(database.parent().unwrap(), 0o755);
    set_mode(&database, 0o644);
    for arguments in [&["check"][..], &["restore", argument(&backup)]] {
        let said = user.run(&database, arguments).failed();
        for part in [
            "belongs to user 0 and has mode 7",
            "but this program runs as user 65532: run it as user 0",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(
            !said.contains("Error code") && !said.contains("there is no"),
            "{said}"
        );
    }
}
