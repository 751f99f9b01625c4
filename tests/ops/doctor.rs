//! `doctor`

use std::os::unix::fs::PermissionsExt;

use support::{Host, KEY, argument, command, finished, run};

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
        "1 projects, 1 files",
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
fn a_server_before_its_first_request_passes() {
    let host = Host::start();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(report.contains("made by the first request"), "{report}");
    let backup = host.database().with_file_name("backup.db");
    let refusal = run(&host.database(), &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("nothing was stored yet"), "{refusal}");
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
        ("TRUSTED_PROXIES", "caddy"),
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
    }
}

#[test]
fn a_key_that_others_can_read_is_a_failure() {
    let host = Host::with(&[("API_KEY", "")]);
    let key = host.database().with_file_name("api-key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let report = run(&host.database(), &["doctor"]).failed();
    assert!(report.contains("others can read it (mode 644)"), "{report}");
}

#[test]
fn a_key_that_the_server_would_not_take_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("x.db");
    let mut configured = command(&database, &["doctor"]);
    let report = finished(configured.env("API_KEY", "changeme").output().unwrap()).failed();
    assert!(report.contains("api_key is a placeholder"), "{report}");
    std::fs::write(folder.path().join("api-key"), "s3cret").unwrap();
    let report = run(&database, &["doctor"]).failed();
    assert!(report.contains("api_key is shorter than"), "{report}");
    assert!(!report.contains("s3cret"), "{report}");
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
