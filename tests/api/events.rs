//! `GET /v1/projects/:id/events` and `GET /v1/events`

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Build, Event, EventStream, Host, TIMEOUT, build, manifest};

const SOON: Duration = Duration::from_secs(2);

fn open(host: &Host, path: &str) -> EventStream {
    let stream = EventStream::open(host.address(), path, &[]);
    assert_eq!(stream.status(), 200, "{}", stream.head);
    stream
}

/// Resumes as a browser does.
fn resume(host: &Host, path: &str, id: &str) -> EventStream {
    EventStream::open(host.address(), path, &[("Last-Event-ID", id)])
}

/// Pushes a file to a project and returns the cursor.
fn push(host: &Host, project: &str, path: &str) -> String {
    let answer = host.client().push_files(project, &[(path, path)]).good();
    answer["cursor"].as_str().unwrap().to_owned()
}

fn cursor(event: &Event) -> &str {
    event.data["cursor"].as_str().unwrap()
}

/// The id that a client has that got no event.
fn first_id(stream: &mut EventStream) -> String {
    let block = stream.block().unwrap();
    let (retry, id) = block.split_once('\n').unwrap();
    let retry: u32 = retry.strip_prefix("retry: ").unwrap().parse().unwrap();
    assert!((1000..1500).contains(&retry));
    id.strip_prefix("id: ").unwrap().to_owned()
}

#[test]
fn every_change_is_an_event_at_once() {
    on_both(|host| {
        let first = push(host, "p", "a");
        let headers = [("accept-encoding", "gzip")];
        let path = "/v1/projects/p/events";
        let mut stream = EventStream::open(host.address(), path, &headers);
        for header in [
            "http/1.1 200",
            "content-type: text/event-stream\r\n",
            "cache-control: no-store\r\n",
            "x-accel-buffering: no\r\n",
            "access-control-allow-origin: *\r\n",
        ] {
            assert!(stream.head.contains(header), "{}", stream.head);
        }
        for header in ["content-encoding", "content-length", "grip-"] {
            assert!(!stream.head.contains(header), "{}", stream.head);
        }
        assert_eq!(first_id(&mut stream), first);
        let began = Instant::now();
        push(host, "other", "x");
        for device in ["laptop", "phone"] {
            let body = json!({ "files": [support::file(device, b"x")] }).to_string();
            let headers = [("x-device", device), ("content-type", "application/json")];
            let pushed =
                host.client()
                    .send("POST", "/v1/projects/p/sync", &headers, body.as_bytes());
            let pushed = pushed.good()["cursor"].clone();
            let event = stream.event().unwrap();
            assert_eq!(event.id.as_deref(), pushed.as_str());
            let data = json!({ "project": "p", "cursor": pushed, "device": device });
            assert_eq!(event.data, data);
        }
        assert!(began.elapsed() < SOON);
    });
}

#[test]
fn a_push_that_changes_nothing_and_a_refused_one_are_no_events() {
    on_both(|host| {
        push(host, "p", "a");
        let mut stream = open(host, "/v1/projects/p/events");
        push(host, "p", "a");
        host.client()
            .push("p", &json!({ "files": [], "deletions": ["none"] }))
            .good();
        let mut stale = support::file("a", b"y");
        stale["base"] = json!(1);
        host.client()
            .push("p", &json!({ "files": [stale] }))
            .failed(409, "conflict");
        let last = push(host, "p", "b");
        assert_eq!(cursor(&stream.event().unwrap()), last);
    });
}

#[test]
fn a_client_that_comes_back_behind_gets_the_newest_at_once() {
    on_both(|host| {
        let path = "/v1/projects/p/events";
        let mut stream = open(host, path);
        let beginning = first_id(&mut stream);
        assert_eq!(beginning, "0");
        let first = push(host, "p", "a");
        assert_eq!(stream.event().unwrap().id.as_ref(), Some(&first));
        drop(stream);
        push(host, "p", "b");
        let last = push(host, "p", "c");
        for id in [&beginning, &first] {
            let event = resume(host, path, id).event().unwrap();
            assert_eq!((cursor(&event), event.id.as_ref()), (&*last, Some(&last)));
        }
        // Nothing is newer, and `Last-Event-ID` goes before `since`.
        let mut stream = resume(host, &format!("{path}?since={first}"), &last);
        assert_eq!(first_id(&mut stream), last);
        let mut stream = open(host, &format!("{path}?since={first}"));
        assert_eq!(cursor(&stream.event().unwrap()), last);
        assert_eq!(resume(host, path, "1-1-1").status(), 410);
        assert_eq!(resume(host, path, "x").status(), 400);
        assert_eq!(resume(host, "/v1/events", "x").status(), 400);
    });
}

#[test]
fn one_stream_tells_of_all_projects() {
    on_both(|host| {
        push(host, "before", "a");
        let mut stream = open(host, "/v1/events");
        let id = first_id(&mut stream);
        let mut known = Vec::new();
        for project in ["a", "ghi%20ch%C3%BA", "a"] {
            let pushed = push(host, project, &known.len().to_string());
            // It may repeat what was before, as when the first push has made the tables.
            let events = std::iter::from_fn(|| stream.event());
            known.extend(events.take(9).find(|event| cursor(event) == pushed));
        }
        assert_eq!(known[1].data["project"], "ghi chú");
        host.client().delete("/v1/projects/a").good();
        let gone = stream.event().unwrap();
        let data = json!({ "project": "a", "cursor": "0", "device": null });
        assert_eq!((gone.id, gone.data), (None, data));
        // A client that comes back gets each project that has changed since, once.
        let come_back = |id: &str| {
            let mut stream = resume(host, "/v1/events", id);
            [(); 2].map(|()| stream.event().unwrap().data["project"].clone())
        };
        assert_eq!(come_back(&id), ["before", "ghi chú"]);
        assert_eq!(come_back("0"), ["before", "ghi chú"]);
        let mut stream = resume(host, "/v1/events", &id);
        let deleted = std::iter::from_fn(|| stream.event()).find(|event| event.id.is_none());
        assert_eq!(deleted.unwrap().data["project"], "a");
        push(host, "before", "b");
        let last = known[1].id.as_ref().unwrap();
        assert_eq!(come_back(last), ["ghi chú", "before"]);
    });
}

#[test]
fn more_projects_than_fit_come_in_several_streams() {
    on_both(|host| {
        push(host, "first", "a");
        let database = rusqlite::Connection::open(host.database()).unwrap();
        // A push for each would take minutes.
        let more = "CREATE TEMP TABLE next AS SELECT * FROM project;
        CREATE TEMP TABLE newest AS SELECT * FROM version;
        CREATE TEMP TRIGGER more AFTER UPDATE ON next BEGIN
          INSERT INTO project SELECT * FROM next;
          INSERT INTO version SELECT * FROM newest;
        END;
        BEGIN";
        database.execute_batch(more).unwrap();
        for number in 1..=2500 {
            let version = "UPDATE newest SET project = project + 1, rev = rev + 1";
            database.execute(version, []).unwrap();
            let project = "UPDATE next SET number = number + 1, id = format('%06d', ?1),
            last_rev = last_rev + 1, head = head + 1";
            database.execute(project, [number]).unwrap();
        }
        database.execute_batch("COMMIT").unwrap();
        let mut expected: Vec<_> = (1..=2500).map(|i| format!("{i:06}")).collect();
        expected.insert(0, "first".to_owned());
        let (projects, id) = told_in_several(host, "0", 2501);
        assert_eq!(projects, expected);
        let delete = "INSERT INTO retired (id, last_rev, deleted_at)
            SELECT id, last_rev, last_rev + 10000 FROM project; DELETE FROM project";
        database.execute_batch(delete).unwrap();
        let (deleted, _) = told_in_several(host, &id, 2501);
        assert_eq!(deleted, expected);
    });
}

/// So many projects that streams of 1000 tell of, and where the client continues then.
fn told_in_several(host: &Host, since: &str, count: usize) -> (Vec<String>, String) {
    let (mut id, mut projects) = (since.to_owned(), Vec::new());
    for _ in 0..4 {
        let mut stream = resume(host, "/v1/events", &id);
        while projects.len() < count {
            let Some(block) = stream.block() else { break };
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let Some(next) = field("id: ") {
                next.clone_into(&mut id);
            }
            if let Some(data) = field("data: ") {
                let data: Value = serde_json::from_str(data).unwrap();
                projects.push(data["project"].as_str().unwrap().to_owned());
            }
        }
    }
    (projects, id)
}

#[test]
fn a_quiet_stream_shows_that_it_is_alive() {
    on_both(|host| {
        let began = Instant::now();
        let mut stream = open(host, "/v1/events");
        first_id(&mut stream);
        assert_eq!(stream.block().as_deref(), Some(":"));
        assert!(began.elapsed() < Duration::from_secs(17));
        push(host, "p", "a");
        assert_eq!(stream.event().unwrap().data["project"], "p");
    });
}

#[test]
fn the_stream_of_a_deleted_project_says_so_and_cannot_be_resumed() {
    on_both(|host| {
        let first = push(host, "p", "a");
        let mut stream = open(host, "/v1/projects/p/events");
        host.client().delete("/v1/projects/p").good();
        let event = stream.event().unwrap();
        assert_eq!((cursor(&event), &event.id), ("0", &None));
        assert_eq!(resume(host, "/v1/projects/p/events", &first).status(), 410);
        let again = push(host, "p", "a");
        assert_eq!(cursor(&stream.event().unwrap()), again);
    });
}

#[test]
fn what_another_process_stores_is_an_event_too() {
    on_both(|host| {
        push(host, "p", "a");
        let mut streams = [
            open(host, "/v1/projects/p/events"),
            open(host, "/v1/events"),
        ];
        let other = Host::with(&[("DB_PATH", host.database().to_str().unwrap())]);
        let began = Instant::now();
        let pushed = push(&other, "p", "b");
        for stream in &mut streams {
            // That of all projects may repeat what it said.
            while cursor(&stream.event().unwrap()) != pushed {}
        }
        assert!(began.elapsed() < SOON);
    });
}

#[test]
fn what_another_process_deletes_is_an_event_too() {
    on_both(|host| {
        let first = push(host, "p", "a");
        let mut stream = resume(host, "/v1/projects/p/events", &first);
        assert_eq!(first_id(&mut stream), first);
        let other = Host::with(&[("DB_PATH", host.database().to_str().unwrap())]);
        other.client().delete("/v1/projects/p").good();
        let event = stream.event().unwrap();
        assert_eq!((cursor(&event), &event.id), ("0", &None));
        assert_eq!(resume(host, "/v1/projects/p/events", &first).status(), 410);
        let again = push(&other, "p", "a");
        assert_eq!(cursor(&stream.event().unwrap()), again);
    });
}

/// A client that looks again at all projects gets those of the last two minutes once more.
#[test]
fn what_the_server_writes_for_itself_makes_nobody_look_again() {
    let host = Host::start();
    push(&host, "p", "a");
    let mut stream = open(&host, "/v1/events");
    // The first push has made the tables, which is noticed within a second, or somewhat later on a busy machine.
    thread::sleep(Duration::from_secs(4));
    let known = push(&host, "p", "b");
    while cursor(&stream.event().unwrap()) != known {}
    host.client().get("/health?deep=1").good();
    thread::sleep(Duration::from_secs(2));
    let next = push(&host, "q", "c");
    assert_eq!(cursor(&stream.event().unwrap()), next);
}

#[test]
fn coming_back_to_all_projects_is_counted_when_much_is_new() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "25")]);
    let first = push(&host, "p", "a");
    for number in 0..21 {
        push(&host, &format!("p{number}"), "a");
    }
    let rev = first.split('-').nth(1).unwrap();
    let one_missed = format!("@{}", push(&host, "p", "b").split('-').nth(1).unwrap());
    // Of the 25, 23 were pushes.
    for position in ["0", "@1"] {
        for _ in 0..3 {
            assert_eq!(resume(&host, "/v1/events", &one_missed).status(), 200);
        }
        assert_eq!(resume(&host, "/v1/events", position).status(), 200);
    }
    let missed = format!("@{rev}");
    for position in ["0", "@1", &first, &missed] {
        assert_eq!(resume(&host, "/v1/events", position).status(), 429);
    }
}

#[test]
fn coming_back_is_not_counted_and_nothing_else_is_answered_for_ever() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let first = push(&host, "p", "a");
    for _ in 0..5 {
        let path = "/v1/projects/p/events";
        assert_eq!(resume(&host, path, &first).status(), 200);
        assert_eq!(resume(&host, "/v1/events", &first).status(), 200);
    }
    let client = host.client();
    let head = client.send("HEAD", "/v1/projects/p/events", &[], b"");
    assert_eq!(
        (head.status, head.header("content-type")),
        (200, "text/event-stream")
    );
    assert_eq!(head.header("content-length"), "");
    assert_eq!(open(&host, "/v1/projects/p/events").status(), 200);
    client
        .get("/v1/projects/p/events")
        .failed(429, "rate_limited");
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_finds_the_newest_when_it_reads() {
    let host = Host::start();
    push(&host, "p", "a");
    let mut streams: Vec<_> = (0..5)
        .map(|_| open(&host, "/v1/projects/p/events"))
        .collect();
    let mut lazy = streams.pop().unwrap();
    let device = "x".repeat(100);
    let headers = [
        ("x-device", device.as_str()),
        ("content-type", "application/json"),
    ];
    let (client, mut last) = (host.client(), Value::Null);
    for number in 0..2000 {
        let file = support::file("a", number.to_string().as_bytes());
        let body = json!({ "files": [file] }).to_string();
        let pushed = client.send("POST", "/v1/projects/p/sync", &headers, body.as_bytes());
        last = pushed.good()["cursor"].clone();
        if number % 100 == 0 {
            for stream in &mut streams {
                while stream.event().unwrap().data["cursor"] != last {}
            }
        }
    }
    while lazy.event().unwrap().data["cursor"] != last {}
}

#[test]
fn a_slow_client_gets_the_newest_and_never_an_older_one_after_it() {
    const PUSHES: usize = 300;
    let host = Host::start();
    let mut stream = open(&host, "/v1/projects/p/events");
    // Reads by itself, since the last event may come before the answer to the last push, and none after it.
    let (told, events) = mpsc::channel();
    thread::spawn(move || {
        while let Some(event) = stream.event() {
            _ = told.send(event);
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut last = String::new();
    for number in 0..PUSHES {
        last = push(&host, "p", &number.to_string());
    }
    let next = || events.recv_timeout(TIMEOUT).unwrap();
    let rev = |event: &Event| -> u64 {
        let rev = cursor(event).split('-').nth(1).unwrap();
        rev.parse().unwrap()
    };
    let mut newest = next();
    while cursor(&newest) != last {
        let event = next();
        assert!(rev(&event) > rev(&newest));
        newest = event;
    }
}

/// Tests the program, and beside it the component as it is called on Spin, where it holds those who wait itself.
pub fn on_both(test: impl Fn(&Host) + Sync) {
    thread::scope(|scope| {
        scope.spawn(|| test(&Host::start()));
        scope.spawn(|| test(&as_on_spin()));
    });
}

/// A server whose component is called as on Spin.
pub fn as_on_spin() -> Host {
    let folder = tempfile::tempdir().unwrap();
    let original = build(&manifest());
    let text = std::fs::read_to_string(&original).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let component = &mut table["component"]["kamiflow-sync"];
    component["source"] = Build::current().component().to_str().unwrap().into();
    component["variables"]["api_key"] = "{{ api_key }}".into();
    let variables = component["variables"].as_table_mut().unwrap();
    variables.insert("connections_are_held".to_owned(), "false".into());
    variables.insert("host_report".to_owned(), "".into());
    let copy = folder.path().join("spin.toml");
    std::fs::write(&copy, table.to_string()).unwrap();
    let runtime = "runtime-config.toml";
    std::fs::copy(
        original.with_file_name(runtime),
        copy.with_file_name(runtime),
    )
    .unwrap();
    Host::of(&Build::with_manifest(&copy), &[])
}

/// As on Spin: the component itself looks again.
#[test]
fn a_host_that_holds_no_connections_waits_in_the_component() {
    let host = as_on_spin();
    let first = push(&host, "p", "a");
    let forged = host
        .client()
        .send("GET", "/v1/info", &[("grip-again", "look")], b"");
    assert!(!forged.header("ratelimit-remaining").is_empty());
    let wait = |since: &str, seconds: u32| {
        let path = format!("changes?since={since}&wait={seconds}");
        host.client().ask("p", &path)
    };
    let began = Instant::now();
    let page = wait(&first, 2);
    assert!(
        page.headers
            .keys()
            .all(|name| !name.as_str().starts_with("grip-"))
    );
    assert_eq!(page.good()["cursor"], *first);
    assert!((1900..4000).contains(&began.elapsed().as_millis()));
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| wait(&first, 30))).collect();
        thread::sleep(Duration::from_millis(500));
        let began = Instant::now();
        let pushed = push(&host, "p", "b");
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap().good()["cursor"], *pushed);
        }
        assert!(began.elapsed() < SOON);
    });
}

/// A change that is told twice has its event once: a stream of all projects goes back two minutes at each look.
#[test]
fn where_the_component_looks_again_no_event_is_repeated() {
    let host = as_on_spin();
    let projects: Vec<_> = (0..5).map(|number| format!("p{number}")).collect();
    let mut stream = open(&host, "/v1/events?since=0");
    for project in &projects {
        let pushed = push(&host, project, "a");
        let event = stream.event().unwrap();
        assert_eq!(
            (cursor(&event), &event.data["project"]),
            (&*pushed, &json!(project))
        );
    }
}
