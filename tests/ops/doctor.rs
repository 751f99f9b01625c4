//! `doctor`

use std::os::unix::fs::PermissionsExt;

use support::{Host, KEY, OtherUser, argument, command, finished, run};

#[test]
fn a_healthy_installation_passes_and_its_report_has_no_secret() {
    let host = Host::start();
    host.client()
        .push_files("secret-project", &[("secret-path", "secret-text")])
        .good();
    let url = format!("{}/health", host.url);
    let mut doctor = command(&host.database(), &["doctor", "--url", &url]);
    let report = finished(
        doctor
            .env("API_KEY", KEY)
            .env("MAX_FILE_SIZE", "5000")
            .output()
            .unwrap(),
    )
    .good();
    for line in [
        "1 project, 1 file",
        "max_file_size",
        "5000",
        "status",
        "none was made yet",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(
        !report.contains(KEY) && !report.contains("secret-"),
        "{report}"
    );
    let backup = host.database().with_file_name("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    let report = run(&host.database(), &["doctor"]);
    assert!(report.out.contains("0 days old"), "{report:?}");
}

#[test]
fn what_live_files_and_history_take_is_said_and_projects_are_named_when_asked_for() {
    let host = Host::start();
    for content in ["one", "three"] {
        host.client().push_files("notes", &[("a", content)]).good();
    }
    let report = run(&host.database(), &["doctor"]).good();
    assert!(
        report.contains("5 B of live files, 3 B of history, 0 B free"),
        "{report}"
    );
    assert!(!report.contains("notes"), "{report}");
    let report = run(&host.database(), &["doctor", "--projects"]).good();
    assert!(
        report.contains("notes: 1 file of 5 B, 3 B of history"),
        "{report}"
    );
}

#[test]
fn a_server_before_its_first_request_passes() {
    let host = Host::start();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(report.contains("made by the first request"), "{report}");
}

#[test]
fn every_problem_is_named_and_makes_it_fail() {
    let wrong = |name: &str, value: &str| {
        let host = Host::start();
        let mut doctor = command(&host.database(), &["doctor"]);
        finished(doctor.env(name, value).output().unwrap()).failed()
    };
    for (name, value) in [
        ("MAX_FILE_SIZE", "10MB"),
        ("MAX_FILE_SIZE", "104857600"),
        ("TRUSTED_PROXIES", "caddy"),
        ("REQUIRE_PERSISTENT_DATA", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("PORT", "http"),
        ("SPIN_HTTP_LISTEN_ADDR", "everywhere"),
        ("RUNTIME_CONFIG_FILE", "/nowhere.toml"),
    ] {
        let report = wrong(name, value);
        assert!(
            report.contains("FAIL") && report.contains(value),
            "{report}"
        );
        let mut good = report.lines().filter(|line| line.starts_with("ok"));
        assert!(!good.any(|line| line.contains(value)), "{report}");
    }
}

#[test]
fn a_key_that_others_can_read_is_a_failure() {
    let host = Host::with(&[("API_KEY", "")]);
    let key = host.database().with_file_name("api-key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let report = run(&host.database(), &["doctor"]).failed();
    assert!(report.contains("others can read it (mode 644)"), "{report}");
    assert!(
        report.contains("1 of these needs your attention"),
        "{report}"
    );
}

#[test]
fn a_key_that_the_server_would_not_take_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("x.db");
    let mut configured = command(&database, &["doctor"]);
    let report = finished(configured.env("API_KEY", "changeme").output().unwrap()).failed();
    assert!(report.contains("API_KEY is a placeholder"), "{report}");
    std::fs::write(folder.path().join("api-key"), "s3cret").unwrap();
    let report = run(&database, &["doctor"]).failed();
    let named = format!("{}/api-key is shorter than", folder.path().display());
    assert!(report.contains(&named), "{report}");
    assert!(!report.contains("s3cret"), "{report}");
}

#[test]
fn a_key_file_that_is_not_in_force_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("api-key"), KEY).unwrap();
    let mut doctor = command(&folder.path().join("x.db"), &["doctor"]);
    doctor.env("API_KEY", "fedcba9876543210");
    let report = finished(doctor.output().unwrap()).good();
    assert!(
        report.contains("api-key holds another key than API_KEY"),
        "{report}"
    );
}

#[test]
fn a_database_that_cannot_be_used_as_it_is_is_not_called_good() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = host.database();
    let (_, _, _folder) = host.stop();
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    let report = run(&database, &["doctor"]).failed();
    assert!(report.contains("its journal mode is delete"), "{report}");
    assert!(!report.contains("ok    database"), "{report}");
    assert!(report.contains("1 project, 1 file"), "{report}");
}

#[test]
fn a_clock_behind_the_newest_change_is_a_failure() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    rusqlite::Connection::open(host.database())
        .unwrap()
        .execute_batch("UPDATE project SET last_rev = last_rev + 3600000000")
        .unwrap();
    let report = run(&host.database(), &["doctor"]).failed();
    assert!(report.contains("behind the newest change"), "{report}");
    assert!(
        report.contains("was ahead when that was pushed"),
        "{report}"
    );
}

#[test]
fn what_the_user_of_the_server_cannot_use_is_named_as_that() {
    let Some(user) = OtherUser::new(65532) else {
        return;
    };
    let host = Host::with(&[("API_KEY", "")]);
    host.client().get("/health").good();
    let database = host.database();
    let (_, _, folder) = host.stop();
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    set(folder.path(), 0o700);
    let report = user.run(&database, &["doctor"]).failed();
    assert!(
        report.contains("but this program runs as user 65532"),
        "{report}"
    );
    assert!(
        report.contains("belongs to user 0 and has mode 700"),
        "{report}"
    );
    assert!(!report.contains("none yet"), "{report}");
    set(folder.path(), 0o755);
    let report = user.run(&database, &["doctor"]).failed();
    assert!(report.contains("no file can be made in it"), "{report}");
    assert!(report.contains("api-key: Permission denied"), "{report}");
    std::os::unix::fs::chown(folder.path(), Some(65532), Some(65532)).unwrap();
    let report = run(&database, &["doctor"]).failed();
    assert!(
        report.contains("belongs to user 0, the folder to 65532"),
        "{report}"
    );
}

#[test]
fn a_backup_that_is_gone_or_of_the_future_is_named() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let out = run(&host.database(), &["backup", argument(folder.path())]).good();
    let backup = out.trim_end().split(" to ").last().unwrap();
    let future = folder.path().join("kamiflow-sync-29990101T000000Z.db");
    std::fs::copy(backup, future).unwrap();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(
        report.contains("kamiflow-sync-29990101T000000Z.db is dated in the future"),
        "{report}"
    );
    // It may have been moved.
    std::fs::remove_file(backup).unwrap();
    let report = run(&host.database(), &["doctor"]).good();
    let gone = report.lines().find(|line| line.contains("is gone"));
    assert!(
        gone.is_some_and(|line| line.starts_with("warn")),
        "{report}"
    );
    assert!(!report.contains("ok    backup"), "{report}");
    let mark = host.database().with_file_name("sync.db-last-backup");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    std::fs::File::options()
        .write(true)
        .open(mark)
        .unwrap()
        .set_modified(later)
        .unwrap();
    let report = run(&host.database(), &["doctor"]).failed();
    assert!(
        report.contains("the last one is dated in the future"),
        "{report}"
    );
}

#[test]
fn a_reader_that_stops_early_is_no_failure_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["completions", "bash"][..], &["doctor"]] {
        let mut command = command(&folder.path().join("x.db"), arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let ended = finished(ended);
        assert!(!ended.err.contains("panicked"), "{ended:?}");
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[test]
fn names_that_some_system_cannot_hold_are_counted() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("ideas/todo", "x")]).good();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(report.contains("every system can hold"), "{report}");
    let files = [("ideas/Todo", "x"), ("ideas/secret-?", "x")];
    client.push_files("p", &files).good();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(
        report.contains("3 that Windows or macOS cannot hold"),
        "{report}"
    );
    assert!(!report.contains("secret-"), "{report}");
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database
        .execute_batch("UPDATE project SET unportable = NULL")
        .unwrap();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(report.contains("those of 1 project are"), "{report}");
}

#[test]
fn a_folder_that_others_can_look_into_is_named_in_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let report = run(&folder.path().join("x.db"), &["doctor"]).good();
    let command = format!("chmod 700 {}\n", folder.path().display());
    assert!(report.contains(&command), "{report}");
}
