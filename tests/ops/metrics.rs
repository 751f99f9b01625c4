//! `--metrics-listen`

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use support::{EventStream, Host, argument, finished, free_port, is_installed, run};

/// The folder of the shipped Prometheus files.
fn prometheus() -> PathBuf {
    support::root().join("deploy/prometheus")
}

/// A server with metrics, and their URL.
fn measured() -> (Host, String) {
    let port = free_port().to_string();
    let host = Host::with(&[("METRICS_LISTEN", &port), ("RATE_LIMIT_MAX_REQUESTS", "3")]);
    (host, format!("http://127.0.0.1:{port}/metrics"))
}

fn read(url: &str) -> String {
    let mut curl = Command::new("curl");
    finished(
        curl.args(["--silent", "--show-error", url])
            .output()
            .expect("curl runs"),
    )
    .good()
}

#[test]
fn requests_and_data_are_counted() {
    let (host, url) = measured();
    host.client()
        .push_files("private", &[("secret", "one"), ("b", "four")])
        .good();
    host.client().push_files("private", &[("b", "more")]).good();
    for _ in 0..4 {
        host.with_key(Some("wrong-wrong-wrong-wrong"))
            .get("/v1/projects/private/status");
    }
    let backup = host.database().with_file_name("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    let text = read(&url);
    for line in [
        r#"kamiflow_sync_requests_total{method="POST",route="/v1/projects/:id/sync",status="200"} 2"#,
        r#"kamiflow_sync_requests_total{method="GET",route="/v1/projects/:id/status",status="403"} 3"#,
        r#"kamiflow_sync_requests_total{method="GET",route="/v1/projects/:id/status",status="429"} 1"#,
        r#"kamiflow_sync_request_duration_seconds_count{route="/v1/projects/:id/sync"} 2"#,
        "kamiflow_sync_projects 1",
        "kamiflow_sync_files 2",
        "kamiflow_sync_file_bytes 7",
        "kamiflow_sync_versions 3",
        "kamiflow_sync_history_bytes 4",
        "kamiflow_sync_free_page_bytes 0",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("private") && !text.contains("secret"));
    let number = |name: &str| -> f64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("kamiflow_sync_{name} ")));
        line.and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{name}: {text}"))
    };
    let ago = number("start_timestamp_seconds") - number("last_backup_timestamp_seconds");
    assert!(ago.abs() < 60.0, "{ago}");
    assert!(number("wal_bytes") > 0.0 && number("disk_free_bytes") > 0.0);
}

/// Names of metrics in this text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("kamiflow_sync_"))
        .collect()
}

#[test]
fn alerts_and_dashboard_use_only_existing_metrics() {
    let (host, url) = measured();
    host.client().push_files("p", &[("a", "one")]).good();
    let served = read(&url);
    let series = served.lines().filter(|line| !line.starts_with('#'));
    let served: BTreeSet<&str> = series
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    for file in ["alerts.yaml", "grafana-dashboard.json"] {
        let text = std::fs::read_to_string(prometheus().join(file)).unwrap();
        let asked = names(&text);
        assert!(asked.len() > 3, "{asked:?}");
        let missing: Vec<_> = asked.difference(&served).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
}

#[test]
fn the_guide_has_a_row_for_every_metric_and_for_no_other() {
    let (host, url) = measured();
    host.client().push_files("p", &[("a", "one")]).good();
    let served = read(&url);
    let kinds = served
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let served: BTreeSet<String> = kinds
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    let guide = support::root().join("docs/self-hosting/operating.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let rows = guide
        .lines()
        .filter(|line| line.starts_with("| `kamiflow_sync_"));
    let described: BTreeSet<String> = rows.flat_map(names).map(str::to_owned).collect();
    assert_eq!(described, served);
}

#[test]
fn alerts_fire_only_when_something_is_wrong() {
    if !is_installed("promtool") {
        return;
    }
    let mut promtool = Command::new("promtool");
    promtool.args(["test", "rules", "alerts.test.yaml"]);
    let output = promtool.current_dir(prometheus()).output();
    finished(output.expect("promtool runs")).good();
}

#[test]
fn metrics_are_served_only_with_the_setting_and_never_by_the_api() {
    let host = Host::start();
    assert_eq!(host.anonymous().get("/metrics").status, 404);
}

#[test]
fn connections_that_wait_are_shown_and_their_time_is_no_duration() {
    let (host, url) = measured();
    let stream = EventStream::open(host.address(), "/v1/events", &[]);
    assert!(read(&url).contains("kamiflow_sync_waiting 1\n"));
    drop(stream);
    host.client().get("/v1/projects/p/changes?wait=1").good();
    let text = read(&url);
    assert!(text.contains("kamiflow_sync_waiting 0\n"), "{text}");
    let counted = r#"requests_total{method="GET",route="/v1/projects/:id/changes",status="200"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(!text.contains("duration_seconds_count{route"), "{text}");
}

#[test]
fn silent_connections_to_the_metrics_keep_nobody_out() {
    let (host, url) = measured();
    let address = url
        .trim_start_matches("http://")
        .trim_end_matches("/metrics");
    let _silent: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let began = std::time::Instant::now();
    assert!(read(&url).contains("# EOF"));
    host.anonymous().get("/health").good();
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn a_device_that_asks_for_a_project_which_was_moved_is_no_failure() {
    let (host, url) = measured();
    host.client().push_files("p", &[("a", "x")]).good();
    let moved = host.database().with_file_name("p-moved.db");
    run(&host.database(), &["move-out", "p", argument(&moved)]).good();
    let refused = host.client().ask("p", "status");
    assert!(!refused.headers.contains_key("x-kamiflow-moved"));
    refused.failed(503, "moved");
    let text = read(&url);
    for line in [
        "kamiflow_sync_moved_requests_total 1",
        r#"kamiflow_sync_requests_total{method="GET",route="/v1/projects/:id/status",status="503"} 1"#,
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let (_, log, _) = host.stop();
    let line = log.lines().find(|line| line.contains("\"status\":503"));
    let line = line.expect("a line");
    assert!(
        line.contains("\"level\":\"INFO\"") && line.contains("\"project\":\"p\""),
        "{line}"
    );
}
