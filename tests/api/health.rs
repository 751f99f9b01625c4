//! `GET /health`

use std::time::{Duration, Instant};

use serde_json::json;

use support::Host;

#[test]
fn health_shows_version_and_uptime_without_a_key() {
    let host = Host::start();
    let first = host.anonymous().get("/health").good();
    assert_eq!(
        (first["status"].as_str(), first["version"].as_str()),
        (Some("ok"), Some(env!("CARGO_PKG_VERSION")))
    );
    let later = host.anonymous().get("/health").good();
    assert!(later["uptime"].as_f64() >= first["uptime"].as_f64());
}

#[test]
fn the_uptime_counts_from_the_start_of_the_server() {
    let before = Instant::now();
    let host = Host::start();
    let started = Instant::now();
    std::thread::sleep(Duration::from_millis(700));
    let least = started.elapsed().as_secs_f64();
    let health = host.anonymous().get("/health").good();
    let uptime = health["uptime"].as_f64().unwrap();
    let most = before.elapsed().as_secs_f64();
    assert!(least <= uptime && uptime <= most, "{least} {uptime} {most}");
}

#[test]
fn the_root_tells_a_monitor_that_the_server_is_up() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    for _ in 0..3 {
        let root = host.anonymous().get("/").good();
        assert_eq!(
            root,
            json!({ "name": "kamiflow-sync", "openapi": "/openapi.json" })
        );
        let head = host.anonymous().send("HEAD", "/", &[], b"");
        assert_eq!((head.status, head.bytes.len()), (200, 0));
    }
    host.anonymous().get("//").failed(404, "not_found");
}

#[test]
fn a_deep_check_reads_and_writes_the_database() {
    let host = Host::start();
    host.anonymous().get("/health?deep=1").good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let written: i64 = database
        .query_row("SELECT count(*) FROM spin_key_value", [], |row| row.get(0))
        .unwrap();
    assert_eq!(written, 1);
}

#[test]
fn a_deep_check_names_the_part_that_fails() {
    let host = Host::start();
    host.client().push_files("p", &[("a.md", "x")]).good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database.execute_batch("DROP TABLE project").unwrap();
    let answer = host
        .anonymous()
        .get("/health?deep=1")
        .failed(503, "unhealthy");
    assert_eq!(answer["part"], "database");
    assert_eq!(host.anonymous().get("/health").status, 200);
}

#[test]
fn head_answers_as_get_without_a_body() {
    let host = Host::start();
    let answer = host.anonymous().send("HEAD", "/health", &[], b"");
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert!(answer.header("content-length").parse::<usize>().unwrap() > 10);
}

#[test]
fn deep_checks_of_a_locked_database_leave_places_for_others() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let checks = || {
        let began = Instant::now();
        host.anonymous()
            .get("/health?deep=1")
            .failed(503, "unhealthy");
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let checks: Vec<_> = (0..64).map(|_| scope.spawn(checks)).collect();
        std::thread::sleep(Duration::from_millis(1500));
        let began = Instant::now();
        host.client().pull("p", "since=0");
        assert!(began.elapsed() < Duration::from_secs(1));
        let took = checks.into_iter().map(|check| check.join().unwrap());
        let long: Vec<_> = took.filter(|took| *took > Duration::from_secs(3)).collect();
        // On a busy machine, some begin when the first have waited for their 5 seconds.
        let waves = long.iter().max().map_or(0, |longest| longest.as_secs() / 5);
        assert!(!long.is_empty(), "none waited");
        assert!(long.len() as u64 <= 8 * waves.max(1), "{long:?}");
    });
    database.execute_batch("ROLLBACK").unwrap();
    host.anonymous().get("/health?deep=1").good();
}
