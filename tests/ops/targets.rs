//! The files that commands write where they are told to: never over the database, and only over files.

use std::path::{Path, PathBuf};

use support::{Host, argument, command, finished, manifest, root, run};

/// All that would write over `target`.
fn refused(database: &Path, target: &Path, said: &str) {
    let target = argument(target);
    for arguments in [
        &["backup", "--force", target][..],
        &["export", "--force", "p", target],
        &["move-out", "p", target],
    ] {
        let refusal = run(database, arguments).failed();
        assert!(refusal.contains(said), "{arguments:?}: {refusal}");
    }
}

#[test]
fn no_command_writes_over_the_database_or_what_stands_beside_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = host.database();
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", database.display()));
    let (link, hard) = (beside(".link"), beside(".hard"));
    std::os::unix::fs::symlink(&database, &link).unwrap();
    std::fs::hard_link(&database, &hard).unwrap();
    for own in ["-wal", "-shm", "-journal", "-lock", "-log-base"] {
        refused(&database, &beside(own), "belongs to the database");
    }
    for own in ["-reserve", "-last-backup", ".part"] {
        refused(&database, &beside(own), "belongs to the database");
    }
    for own in [&database, &link, &hard] {
        refused(&database, own, "is the database itself");
    }
    refused(&link, &database, "is the database itself");
    let key = database.with_file_name("api-key");
    refused(&database, &key, "is where the server keeps its key");
    // What a command writes is called so until it is finished.
    let database_of = |name: &str| database.with_file_name(format!("{name}.part"));
    let copy = database_of("x");
    run(&database, &["backup", argument(&copy)]).good();
    let target = database.with_file_name("x");
    refused(&copy, &target, "is the database itself");
    std::fs::remove_file(hard).unwrap();
    host.kill();
}

#[test]
fn a_pipe_and_a_folder_are_not_replaced() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let pipe = host.database().with_file_name("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let folder = host.database().with_file_name("folder");
    std::fs::create_dir(&folder).unwrap();
    refused(&host.database(), &pipe, "pipe is no file");
    for command in ["export", "move-out"] {
        let arguments = [command, "p", argument(&folder)];
        let refusal = run(&host.database(), &arguments).failed();
        assert!(refusal.contains("is no file"), "{refusal}");
    }
    let kind = |path: &Path| path.symlink_metadata().unwrap().file_type();
    assert!(!kind(&pipe).is_file() && kind(&folder).is_dir());
}

#[test]
fn a_name_that_looks_like_an_address_is_one_of_a_file() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let from = root().join(manifest());
    let here = |arguments: &[&str]| {
        let all = [arguments, &["--from", argument(&from)]].concat();
        let mut command = command(&host.database(), &all);
        finished(command.current_dir(&folder).output().unwrap())
    };
    here(&["backup", "file:backup.db"]).good();
    here(&["move-out", "p", "file:moved.db"]).good();
    let mut names: Vec<_> = folder.path().read_dir().unwrap().collect();
    names.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let names = names.into_iter().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["file:backup.db", "file:moved.db"]);
    let other = Host::start();
    let mut move_in = command(&other.database(), &["move-in", "file:moved.db"]);
    move_in
        .args(["--from", argument(&from)])
        .current_dir(&folder);
    finished(move_in.output().unwrap()).good();
    assert_eq!(other.client().status("p")["fileCount"], 1);
}

#[test]
fn a_backup_that_cannot_be_noted_is_said_to_be_complete() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let note = host.database().with_file_name("sync.db-last-backup");
    std::fs::create_dir(note).unwrap();
    let backup = host.database().with_file_name("backup.db");
    let said = run(&host.database(), &["backup", argument(&backup)]).failed();
    assert!(said.starts_with("Backed up 1 project"), "{said}");
    assert!(said.contains("the backup is complete"), "{said}");
    run(&backup, &["check"]).good();
}

#[test]
fn old_backups_are_removed_but_not_one_that_is_the_database_now() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = host.database().with_file_name("backups");
    std::fs::create_dir(&folder).unwrap();
    let database = folder.join("kamiflow-sync-20200101T000000Z.db");
    run(&host.database(), &["backup", argument(&database)]).good();
    let other = folder.join("kamiflow-sync-20210101T000000Z.db");
    std::fs::copy(&database, &other).unwrap();
    run(&database, &["backup", "--keep", "1", argument(&folder)]).good();
    assert!(database.exists() && !other.exists());
}

#[test]
fn a_restore_from_its_own_unfinished_file_does_not_remove_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let (_, _, folder) = host.stop();
    let database = folder.path().join("sync.db");
    let unfinished = folder.path().join("sync.db.part");
    std::fs::copy(&database, &unfinished).unwrap();
    let refusal = run(&database, &["restore", argument(&unfinished)]).failed();
    assert!(refusal.contains("give it another name"), "{refusal}");
    assert!(unfinished.exists());
}
