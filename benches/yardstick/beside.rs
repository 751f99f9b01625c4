//! How long good requests take beside clients that make the server work for long, or read nothing.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use kamiflow_sync_component::domain::{FilePath, ProjectId, Push, Put};
use kamiflow_sync_component::store::{PushTo, Store};
use rusqlite::Connection as Database;
use support::{Build, Host};

use crate::client::{self, Connection, get};
use crate::content::{File, body};
use crate::load::{Round, Target};
use crate::native::RULES;
use crate::process;
use crate::projects::{SMALL, seed};
use crate::report::{self, cell, percentile};
use crate::server::{self, describe, target};

/// How long clients are there that do nothing more.
const WHILE: Duration = Duration::from_secs(15);
/// Versions of a path with a long history, and how many of them are pushed at a time.
const VERSIONS: usize = 300_000;
const STEP_VERSIONS: usize = 10_000;
/// Between two good requests of a kind.
const PAUSE: Duration = Duration::from_millis(10);

/// What clients do to a server that others ask.
struct Load {
    name: &'static str,
    /// Before anybody is measured.
    prepare: fn(&Host),
    /// The connections stay open until all good requests are answered.
    run: fn(&Host) -> Vec<TcpStream>,
}

const LOADS: [Load; 7] = [
    Load {
        name: "nobody",
        prepare: |_| {},
        run: |host| unread(host, 0, b""),
    },
    Load {
        name: "64 that send 60 requests at once and read nothing",
        prepare: |_| {},
        run: |host| unread(host, 64, &get("/openapi.json").repeat(60)),
    },
    Load {
        name: "1,000 of these",
        prepare: |_| {},
        run: |host| unread(host, 1_000, &get("/openapi.json").repeat(60)),
    },
    Load {
        name: "300 that read nothing of a page of 8 MB",
        prepare: |host| {
            let files = client::push("large", &body(&File::many(8, 1 << 20)));
            Connection::open(host.address()).good(&files);
        },
        run: |host| unread(host, 300, &client::page("large", "0")),
    },
    Load {
        name: "200 uploads of a few bytes that go no further",
        prepare: |_| {},
        run: |host| {
            unread(
                host,
                200,
                (support::push_head("slow", 1_000) + "{").as_bytes(),
            )
        },
    },
    Load {
        name: "16 diffs of a path with 300,000 versions",
        prepare: lengthen,
        run: diffs,
    },
    Load {
        name: "the deletion of a project of 970 MB",
        prepare: enlarge,
        run: delete,
    },
];

/// Measures and writes `target/yardstick-beside.md`.
pub fn run() {
    let (before, build) = (process::machine(), Build::current());
    let mut rows = report::head(&[
        "Beside",
        "Health p50 / p99 ms",
        "Pull p50 / p99 ms",
        "Push p50 / p99 ms",
    ]);
    for load in &LOADS {
        rows += &row(&server::start(&build), load);
    }
    let text = format!(
        "Before: {before}; after: {}\n\nServer: {}\n\n{rows}",
        process::machine(),
        describe(&build)
    );
    report::publish("yardstick-beside.md", &text);
}

fn row(host: &Host, load: &Load) -> String {
    let target = target(host);
    seed(&target, "good", 1, 1);
    (load.prepare)(host);
    let is_over = AtomicBool::new(false);
    let requests: [&(dyn Fn() -> Vec<u8> + Sync); 3] =
        [&|| get("/health"), &|| client::page("good", "0"), &|| {
            client::push("good", &body(&[File::new(Some("a".to_owned()), SMALL)]))
        }];
    let cells = thread::scope(|scope| {
        let ask = |request: &(dyn Fn() -> Vec<u8> + Sync)| ask_until(&target, request, &is_over);
        let asking = requests.map(|request| scope.spawn(move || ask(request)));
        let _open = (load.run)(host);
        is_over.store(true, Relaxed);
        asking.map(|asking| times(&asking.join().expect("answers")))
    });
    report::line(&[&[load.name.to_owned()][..], &cells].concat())
}

fn ask_until(target: &Target, request: &dyn Fn() -> Vec<u8>, is_over: &AtomicBool) -> Round {
    let (mut connection, mut round) = (Connection::open(&target.address), Round::default());
    while !is_over.load(Relaxed) || round.latencies.is_empty() {
        let request = request();
        round.time(|| connection.ask(&request).0);
        thread::sleep(PAUSE);
    }
    assert_eq!(round.bad, 0, "answers other than 200");
    round
}

fn times(round: &Round) -> String {
    let times = &round.latencies;
    // Fewer than 100 requests have no 99th percentile.
    let longest = times.iter().max().map(|time| time.as_secs_f64() * 1000.0);
    let high = percentile(times, 0.99).or(longest);
    format!("{} / {}", cell(percentile(times, 0.5)), cell(high))
}

fn unread(host: &Host, connections: usize, request: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(host.address()).expect("the server listens");
        // A connection may be closed for another one meanwhile.
        _ = stream.write_all(request);
        stream
    };
    let open = (0..connections).map(open).collect();
    thread::sleep(WHILE);
    open
}

/// Pushes natively, which takes a tenth of the time.
fn lengthen(host: &Host) {
    let database = Database::open(host.database()).expect("a database");
    let store = Store::open(database).expect("the store of the server");
    let id = ProjectId::parse("long".to_owned()).expect("an id");
    let to = PushTo::new(&id, 1_760_000_000_000_000, &RULES);
    let version = |number: usize| Push {
        puts: vec![Put::new(
            FilePath::parse("a").expect("a path"),
            0,
            None,
            (number % 2).to_string().into(),
        )],
        ..Push::default()
    };
    for first in (0..VERSIONS).step_by(STEP_VERSIONS) {
        let push = |store: &Store| {
            (first..first + STEP_VERSIONS)
                .try_for_each(|number| store.push(&version(number), &to).map(drop))
        };
        store.write(push).expect("pushes");
    }
}

fn diffs(host: &Host) -> Vec<TcpStream> {
    let never = format!(
        r#"{{"files":[{{"path":"a","checksum":"{}"}}]}}"#,
        "cd".repeat(32)
    );
    let request = String::from_utf8(client::push("long", never.as_bytes())).expect("text");
    let request = request.replacen("/sync", "/diff", 1);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| _ = Connection::open(host.address()).good(request.as_bytes()));
        }
    });
    Vec::new()
}

fn enlarge(host: &Host) {
    let mut connection = Connection::open(host.address());
    for _ in 0..97 {
        connection.good(&client::push("large", &body(&File::many(1, 10_000_000))));
    }
}

fn delete(host: &Host) -> Vec<TcpStream> {
    let request = String::from_utf8(get("/v1/projects/large")).expect("text");
    let request = request.replacen("GET", "DELETE", 1);
    Connection::open(host.address()).good(request.as_bytes());
    Vec::new()
}
