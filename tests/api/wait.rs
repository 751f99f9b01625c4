//! `GET /v1/projects/:id/changes?wait=`: answered when something is newer.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Answer, Client, Host, KEY, first_rev};

const SOON: Duration = Duration::from_secs(2);

fn cursor(answer: &Value) -> &str {
    answer["cursor"].as_str().unwrap()
}

fn wait(client: &Client, since: &str, seconds: u32) -> Answer {
    client.ask("p", &format!("changes?since={since}&wait={seconds}"))
}

fn paths(page: &Value) -> Vec<&str> {
    let changes = page["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change["path"].as_str().unwrap())
        .collect()
}

/// Waits in a thread while `meanwhile` runs. Returns the answer, and how long it took after that.
fn wait_while(host: &Host, since: &str, meanwhile: impl FnOnce()) -> (Answer, Duration) {
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(&host.client(), since, 30));
        thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "{:?}", waiting.join());
        meanwhile();
        let began = Instant::now();
        (waiting.join().unwrap(), began.elapsed())
    })
}

#[test]
fn a_change_is_answered_when_it_happens() {
    let host = Host::start();
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    let (answer, took) = wait_while(&host, cursor(&first), || {
        client.push_files("other", &[("x", "1")]).good();
        client.push_files("p", &[("b", "1")]).good();
    });
    assert!(took < SOON, "{took:?}");
    let page = answer.good();
    assert_eq!(paths(&page), ["b"]);
    assert_eq!(client.status("p")["cursor"], page["cursor"]);
}

#[test]
fn what_is_newer_already_is_answered_at_once() {
    let host = Host::start();
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    client.push_files("p", &[("b", "1")]).good();
    let began = Instant::now();
    for (since, expected) in [("0", &["a", "b"][..]), (cursor(&first), &["b"])] {
        assert_eq!(paths(&wait(&client, since, 60).good()), expected);
    }
    client.send("HEAD", "/v1/projects/p/changes?wait=60", &[], b"");
    wait(&client, "1-1-1", 60).failed(410, "resync_required");
    wait(&client, "x", 60).failed(400, "bad_cursor");
    assert!(began.elapsed() < SOON);
}

#[test]
fn without_a_change_the_answer_is_empty_with_the_same_cursor() {
    let host = Host::start();
    let client = host.client();
    let began = Instant::now();
    assert_eq!(cursor(&wait(&client, "0", 1).good()), "0");
    let first = client.push_files("p", &[("a", "1")]).good();
    let page = wait(&client, cursor(&first), 1).good();
    assert_eq!(
        page,
        json!({ "changes": [], "hasMore": false, "cursor": first["cursor"] })
    );
    let took = began.elapsed();
    assert!((2..4).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn the_first_push_of_a_project_is_a_change() {
    let host = Host::start();
    let (answer, took) = wait_while(&host, "0", || {
        host.client().push_files("p", &[("a", "1")]).good();
    });
    assert_eq!(paths(&answer.good()), ["a"]);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_restore_is_a_change_and_a_deletion_ends_the_history() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "1")]));
    let second = client.push_files("p", &[("a", "2")]).good();
    let (answer, took) = wait_while(&host, cursor(&second), || {
        let version = json!({ "path": "a", "rev": rev });
        client.post("/v1/projects/p/restore", &version).good();
    });
    let page = answer.good();
    assert_eq!(paths(&page), ["a"]);
    assert!(took < SOON, "{took:?}");
    let (answer, took) = wait_while(&host, cursor(&page), || {
        client.delete("/v1/projects/p").good();
    });
    answer.failed(410, "resync_required");
    assert!(took < SOON, "{took:?}");
}

/// Pushes come at every moment of a look: each is seen, once and in order.
#[test]
fn no_change_falls_between_two_waits() {
    const PUSHES: usize = 300;
    let host = Host::start();
    thread::scope(|scope| {
        scope.spawn(|| {
            let client = host.client();
            for number in 0..PUSHES {
                client
                    .push_files("p", &[(&format!("{number:03}"), "x")])
                    .good();
                thread::sleep(Duration::from_micros(number as u64 * 37 % 5000));
            }
        });
        let (client, began) = (host.client(), Instant::now());
        let (mut seen, mut since) = (Vec::new(), "0".to_owned());
        while seen.len() < PUSHES {
            let page = wait(&client, &since, 10).good();
            assert!(began.elapsed() < Duration::from_secs(60), "{}", seen.len());
            seen.extend(paths(&page).into_iter().map(str::to_owned));
            cursor(&page).clone_into(&mut since);
        }
        let expected: Vec<_> = (0..PUSHES).map(|number| format!("{number:03}")).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn what_another_process_stores_is_noticed() {
    let host = Host::start();
    let first = host.client().push_files("p", &[("a", "1")]).good();
    let database = host.database();
    let other = Host::with(&[("DB_PATH", database.to_str().unwrap())]);
    let (answer, took) = wait_while(&host, cursor(&first), || {
        other.client().push_files("p", &[("b", "1")]).good();
    });
    assert_eq!(paths(&answer.good()), ["b"]);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn what_a_client_stored_that_left_before_its_answer_is_noticed() {
    let host = Host::start();
    let first = host.client().push_files("p", &[("a", "1")]).good();
    let body = json!({ "files": [support::file("b", b"1")] }).to_string();
    let writer = rusqlite::Connection::open(host.database()).unwrap();
    let (answer, took) = wait_while(&host, cursor(&first), || {
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut socket = host.socket();
        let request = support::push_head("p", body.len()) + &body;
        socket.write_all(request.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(500));
        drop(socket);
        thread::sleep(Duration::from_millis(500));
        writer.execute_batch("ROLLBACK").unwrap();
    });
    assert_eq!(paths(&answer.good()), ["b"]);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_known_answer_is_held_too_and_then_not_modified() {
    let host = Host::start();
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    let target = format!("/v1/projects/p/changes?since={}&wait=1", cursor(&first));
    let tag = client.get(&target).header("etag").to_owned();
    let began = Instant::now();
    let again = client.send("GET", &target, &[("if-none-match", &tag)], b"");
    assert_eq!((again.status, again.bytes), (304, vec![]));
    assert!(began.elapsed() >= Duration::from_millis(900));
}

#[test]
fn waiting_with_a_right_cursor_is_not_counted() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    for _ in 0..4 {
        wait(&client, cursor(&first), 1).good();
    }
    client.push_files("p", &[("b", "1")]).good();
    for _ in 0..4 {
        assert_eq!(paths(&wait(&client, cursor(&first), 1).good()), ["b"]);
    }
    // Only the pushes were counted. Neither is a wait for the first change of a project.
    for _ in 0..2 {
        client.ask("q", "changes?wait=1").good();
    }
    client.get("/v1/info").good();
    client.get("/v1/info").failed(429, "rate_limited");
}

#[test]
fn nobody_can_speak_for_the_host_and_its_headers_reach_nobody() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let client = host.client();
    let is_clean = |answer: &Answer| {
        let mut names = answer.headers.keys();
        !names.any(|name| name.as_str().starts_with("grip-"))
    };
    let push = client.push_files("p", &[("a", "1")]);
    assert!(is_clean(&push));
    let first = push.good();
    assert!(is_clean(&wait(&client, cursor(&first), 1)));
    // In a spelling that the host does not look for, a wait is no wait.
    let target = format!("changes?since={}&w%61it=60", cursor(&first));
    let began = Instant::now();
    assert!(is_clean(&client.ask("p", &target)));
    assert!(began.elapsed() < SOON);
    assert!(is_clean(&client.delete("/v1/projects/p")));
    let forged = [("grip-again", "look"), ("Grip-Sig", "x")];
    client.send("GET", "/v1/info", &forged, b"").good();
    client
        .send("GET", "/v1/info", &forged, b"")
        .failed(429, "rate_limited");
}

#[test]
fn no_more_wait_than_the_setting_says_and_a_client_that_leaves_makes_room() {
    let host = Host::with(&[("MAX_WAITING", "2")]);
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    let request = format!(
        "GET /v1/projects/p/changes?since={}&wait=60 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n",
        cursor(&first)
    );
    let begin = || {
        let mut socket = host.socket();
        socket.write_all(request.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(300));
        socket
    };
    let waiting = [begin(), begin()];
    let refused = wait(&client, cursor(&first), 1);
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert_eq!(refused.failed(429, "too_many_waiting")["retryable"], true);
    client.push_files("q", &[("a", "1")]).good();
    drop(waiting);
    thread::sleep(Duration::from_millis(300));
    wait(&client, cursor(&first), 1).good();
}
