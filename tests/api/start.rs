//! Starting and stopping; every failure is one clear line and a failing exit code.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::Duration;

use serde_json::json;

use support::{Host, KEY, OtherUser, file, free_port, server, terminate};

/// Runs a server that is expected to end by itself.
fn failing(settings: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    failed(server(folder.path(), settings).output().unwrap())
}

fn failed(output: Output) -> String {
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 1, "{text}");
    text
}

#[test]
fn a_bad_setting_is_named() {
    for (name, value) in [
        ("MAX_FILE_SIZE", "10MB"),
        ("MAX_BODY_SIZE", "0"),
        ("RATE_LIMIT_WINDOW_MS", "soon"),
        ("TRUSTED_PROXIES", "caddy"),
        ("CORS_ORIGINS", "notes.example"),
        ("MAX_FILE_SIZE", "104857600"),
        ("SYNC_FOLDERS", "ideas/"),
        ("PORTABLE_PATHS", "yes"),
        ("DASHBOARD", "yes"),
        ("DASHBOARD_PASS", "admin"),
        ("DASHBOARD_PASS", "eleven-char"),
        ("DASHBOARD_USER", "without-password"),
        ("LOG_LEVEL", "loud"),
    ] {
        let text = failing(&[(name, value)]);
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn placeholder_and_short_keys_are_refused() {
    for key in [
        "your-secret-api-key-here",
        "your_generated_api_key_here",
        "short",
        "fifteen-letters",
    ] {
        let text = failing(&[("API_KEY", key)]);
        assert!(text.contains("API_KEY"), "{text}");
        assert!(!text.contains("panicked"));
    }
}

#[test]
fn a_key_as_people_write_it_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("the-key-is-in-here");
    fs::write(&file, KEY).unwrap();
    for (key, reason) in [
        (format!("\"{KEY}\""), "34 characters with quotes"),
        (
            format!("Bearer {KEY}"),
            "39 characters that begin with 'Bearer'",
        ),
        (format!("{KEY} {KEY}"), "65 characters with a blank"),
        (file.display().to_string(), "set API_KEY_FILE"),
    ] {
        for name in ["API_KEY", "API_KEY_PREVIOUS"] {
            let text = failing(&[(name, &key)]);
            let reason = reason.replace("API_KEY", name);
            assert!(text.contains(&reason) && text.contains(name), "{text}");
            assert!(!text.contains(KEY) && !text.contains("in-here"), "{text}");
        }
    }
}

#[test]
fn a_comment_is_no_part_of_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let with_comment = format!("{} # where the data is", path.display());
    // As systemd reads it from /etc/kamiflow-sync.env.
    let text = failing(&[("DB_PATH", &with_comment)]);
    assert!(
        text.contains("DB_PATH has a comment in its value"),
        "{text}"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    let dotenv = "MAX_FILES_PER_PROJECT=7 # files\nCORS_ORIGINS='none' # pages\n";
    fs::write(folder.path().join(".env"), dotenv).unwrap();
    let host = Host::resume(folder, &[]);
    let info = host.client().get("/v1/info").good();
    assert_eq!(info["limits"]["maxFilesPerProject"], 7);
}

#[test]
fn a_setting_is_read_from_its_file() {
    let secrets = tempfile::tempdir().unwrap();
    let secret = |name: &str, content: &str| {
        let file = secrets.path().join(name);
        fs::write(&file, content).unwrap();
        file.display().to_string()
    };
    let (key, limit) = (secret("key", &format!("{KEY}\n")), secret("limit", "7"));
    let host = Host::with(&[
        ("API_KEY", ""),
        ("API_KEY_FILE", &key),
        ("MAX_FILES_PER_PROJECT_FILE", &limit),
    ]);
    let info = host.client().get("/v1/info").good();
    assert_eq!(info["limits"]["maxFilesPerProject"], 7);
    let both = failing(&[("API_KEY_FILE", &key)]);
    assert!(both.contains("API_KEY and API_KEY_FILE"), "{both}");
    let missing = secrets.path().join("none").display().to_string();
    let unreadable = failing(&[("API_KEY", ""), ("API_KEY_FILE", &missing)]);
    assert!(unreadable.contains(&missing), "{unreadable}");
}

#[test]
fn a_name_that_is_almost_a_setting_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = "\u{feff}MAX_FILES_SIZE=5000 # bytes\nAPI-KEY=s3cret\n";
    fs::write(folder.path().join(".env"), dotenv).unwrap();
    let host = Host::resume(folder, &[("apikey", "s3cret")]);
    let (code, log, _) = host.stop();
    assert_eq!(code, Some(0));
    for (name, meant) in [
        ("MAX_FILES_SIZE", "MAX_FILE_SIZE"),
        ("API-KEY", "API_KEY"),
        ("apikey", "API_KEY"),
    ] {
        let warning = format!("{name} is ignored: did you mean {meant}?");
        assert_eq!(log.matches(&warning).count(), 1, "{log}");
    }
    assert!(!log.contains("s3cret"));
}

#[test]
fn port_replaces_the_port_of_the_address() {
    let port = free_port().to_string();
    let host = Host::with(&[("SPIN_HTTP_LISTEN_ADDR", "127.0.0.1:1"), ("PORT", &port)]);
    assert_eq!(host.address(), format!("127.0.0.1:{port}"));
}

#[test]
fn data_of_another_user_is_named_with_the_command_that_helps() {
    let Some(user) = OtherUser::new(4711) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let text = failed(user.server(folder.path()).output().unwrap());
    let shown = folder.path().display();
    let owners =
        format!("{shown} belongs to user 0 and has mode 755, but this program runs as user 4711");
    assert!(text.contains(&owners), "{text}");
    let command = format!("chown -R 4711:4711 {shown}");
    assert!(text.trim_end().ends_with(&command), "{text}");
}

#[test]
fn a_port_in_use_is_reported_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = failing(&[("PORT", &address.port().to_string())]);
    assert!(
        text.contains(&address.to_string()) && text.contains("in use"),
        "{text}"
    );
    assert!(text.contains("or set PORT to another"), "{text}");
    let text = failing(&[("METRICS_LISTEN", &address.port().to_string())]);
    assert!(text.contains("or set METRICS_LISTEN to another"), "{text}");
}

#[test]
fn a_database_of_a_newer_program_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 9999")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let text = failed(server(folder.path(), &[]).output().unwrap());
    assert!(text.contains("9999"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_not_a_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    fs::write(&path, "these are my notes ".repeat(100)).unwrap();
    failed(server(folder.path(), &[]).output().unwrap());
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("these are my notes")
    );
}

#[test]
fn a_data_folder_that_cannot_be_created_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/sync.db");
    let text = failed(
        server(folder.path(), &[("DB_PATH", path.to_str().unwrap())])
            .output()
            .unwrap(),
    );
    assert!(text.contains("file"), "{text}");
}

#[test]
fn without_a_key_a_private_one_is_generated_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api-key");
    let host = Host::resume(folder, &[("API_KEY", "")]);
    let key = fs::read_to_string(&path).unwrap().trim().to_owned();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()));
    host.with_key(Some(&key))
        .push_files("p", &[("a", "x")])
        .good();
    host.anonymous()
        .get("/v1/info")
        .failed(401, "unauthenticated");
    host.with_key(Some(""))
        .get("/v1/info")
        .failed(401, "unauthenticated");
    let (code, log, folder) = host.stop();
    assert_eq!(code, Some(0));
    assert!(!log.contains(&key));
    let again = Host::resume(folder, &[("API_KEY", "")]);
    assert_eq!(again.with_key(Some(&key)).status("p")["fileCount"], 1);
}

#[test]
fn a_key_file_that_is_not_in_force_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("api-key"), format!("{KEY}\n")).unwrap();
    let same = Host::resume(folder, &[]);
    let (_, log, folder) = same.stop();
    assert!(!log.contains("delete it"), "{log}");
    let changed = Host::resume(folder, &[("API_KEY", "fedcba9876543210")]);
    changed.client().get("/v1/info").failed(403, "forbidden");
    let (_, log, _) = changed.stop();
    assert!(
        log.contains("api-key holds another key than API_KEY"),
        "{log}"
    );
    assert!(!log.contains(KEY), "{log}");
}

#[test]
fn a_stop_finishes_the_request_in_flight() {
    let host = Host::start();
    let body = json!({ "files": [file("a", &[b'x'; 100_000])] }).to_string();
    let mut socket = TcpStream::connect(host.address()).unwrap();
    let head = format!(
        "POST /v1/projects/p/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        support::KEY,
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let (first, second) = body.as_bytes().split_at(50_000);
    socket.write_all(first).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    terminate(host.pid());
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        TcpStream::connect(host.address()).is_err(),
        "a stopping server takes no new connection"
    );
    socket.write_all(second).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (code, log, folder) = host.stop_waiting();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(
        Host::resume(folder, &[]).client().status("p")["fileCount"],
        1
    );
}

#[test]
fn a_request_is_one_line_of_json_without_key_body_or_query() {
    let host = Host::start();
    host.client()
        .push_files("notes", &[("private-path", "private-text")])
        .good();
    host.client().pull("notes", "since=12345");
    let (_, log, _) = host.stop();
    let line = log
        .lines()
        .find(|line| line.contains("/v1/projects/:id/sync"))
        .unwrap_or_else(|| panic!("{log}"));
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let line = line.get("fields").unwrap_or(&line).clone();
    for field in ["method", "route", "status", "bytes", "ms", "request_id"] {
        assert!(!line[field].is_null(), "{line} has no {field}");
    }
    assert_eq!(
        (&line["client"], &line["project"]),
        (&"127.0.0.1".into(), &"notes".into())
    );
    assert!(line["device"].is_null(), "{line}");
    for secret in [support::KEY, "private", "12345", "cHJpdmF0ZS10ZXh0"] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// A pool of instances reserves more than a terabyte.
#[test]
fn a_server_starts_and_serves_in_a_small_address_space() {
    let host = Host::start_in(&["sh", "-c", "ulimit -v 3000000; exec \"$@\"", "sh"]);
    let content = "x".repeat(5 << 20);
    std::thread::scope(|scope| {
        for device in 0..8 {
            let (host, content) = (&host, &content);
            scope.spawn(move || {
                let project = device.to_string();
                let client = host.client();
                client.push_files(&project, &[("a", content)]).good();
                assert_eq!(client.pull_all(&project, 10).len(), 1);
            });
        }
    });
}
