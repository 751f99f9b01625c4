//! Many devices wait for changes: what that costs while nothing happens, how soon they hear of a push,
//! and what it costs those who ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use support::Build;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::{self, Connection, get};
use crate::content::{File, body};
use crate::load::Target;
use crate::process;
use crate::projects::{SMALL, now_ms, seed};
use crate::report::{self, cell, number, percentile};
use crate::server::{self, describe, setting, target};

/// Projects, and devices that push to one each.
const PROJECTS: usize = 16;
/// Pushes of a device in a second, unless it pushes as fast as it can.
const RATE: u32 = 5;

/// When each event arrived, by its cursor.
type Heard = Arc<Mutex<Vec<(String, Instant)>>>;

/// Devices that wait, evenly spread over the projects: Spin has room for 64 with `spin.toml`.
fn devices() -> usize {
    setting("DEVICES", 1_000) as usize
}

/// Measures and writes `target/yardstick-live.md`.
pub fn run() {
    let (before, build) = (process::machine(), Build::current());
    let host = server::start(&build);
    let target = target(&host);
    (0..PROJECTS).for_each(|number| seed(&target, &project(number), 1, 1));
    seed(&target, "beside", 1_000, 1_000);
    let mut rows = rows(&target, "nobody waits");
    let (memory, heard) = (process::rss_mb(host.pid()), Heard::default());
    listen(&target, &heard);
    let more = process::rss_mb(host.pid()) - memory;
    let idle = idle(&target);
    rows += &self::rows(&target, &format!("{} wait", devices()));
    let mut text = format!("Before: {before}; after: {}\n\n", process::machine());
    text += &format!("Server: {}\n\n", describe(&build));
    text += &format!(
        "{} streams take {} MB more, and {idle:.2} % of a core while nothing happens.\n\n",
        devices(),
        number(more)
    );
    text += &report::head(&[
        "16 devices push",
        "Pushes/s",
        "Events/s",
        "p50 ms",
        "p99 ms",
        "Cores",
    ]);
    text += &push(&target, &heard, "5 times a second each", Some(RATE));
    text += &push(&target, &heard, "as fast as they can", None);
    text += &format!(
        "\n{}{rows}",
        report::head(&["Beside", "Row", "A second", "p50 ms", "CPU ms a request"])
    );
    report::publish("yardstick-live.md", &text);
}

fn project(number: usize) -> String {
    format!("live{}", number % PROJECTS)
}

/// The percentage of a core that the server uses.
fn idle(target: &Target) -> f64 {
    let time = Duration::from_secs(setting("SECONDS", 30));
    let cpu = target.cpu_ms();
    thread::sleep(time);
    (target.cpu_ms() - cpu) / time.as_secs_f64() / 10.0
}

/// Makes the bytes of a request.
type Make<'a> = dyn Fn() -> Vec<u8> + Sync + 'a;

/// Requests of other devices in another project.
fn rows(target: &Target, beside: &str) -> String {
    let time = Duration::from_secs(3);
    let push = || client::push("beside", &body(&[File::new(None, SMALL)]));
    let requests: [(&str, usize, &Make); 3] = [
        ("push 1 file of 5 KB, 1 connection", 1, &push),
        ("page of 100, 1 connection", 1, &|| {
            client::page("beside", "0")
        }),
        ("pull that finds nothing new, 16 connections", 16, &|| {
            client::page("beside", &now_ms())
        }),
    ];
    let line = |(name, connections, request): (&str, usize, &Make)| {
        let round = target.drive(connections, time, request);
        assert_eq!(round.bad, 0, "answers other than 200");
        let p50 = cell(percentile(&round.latencies, 0.5));
        let cells = [number(round.value), p50, number(round.cpu_ms)];
        report::line(&[&[beside.to_owned(), name.to_owned()][..], &cells].concat())
    };
    requests.map(line).concat()
}

/// Opens all streams, in a thread that reads them as long as the server runs.
fn listen(target: &Target, heard: &Heard) {
    let (address, heard) = (target.address.clone(), heard.clone());
    let (sender, ready) = mpsc::channel();
    thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut streams = JoinSet::new();
            for number in 0..devices() {
                let stream = open(&address, &project(number)).await;
                streams.spawn(read(stream, heard.clone()));
            }
            sender.send(()).expect("somebody waits");
            streams.join_all().await
        });
    });
    ready.recv().expect("all streams are open");
}

async fn open(address: &str, project: &str) -> TcpStream {
    let stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let request = get(&format!("/v1/projects/{project}/events"));
    stream.writable().await.expect("a connection");
    assert_eq!(stream.try_write(&request).ok(), Some(request.len()));
    let mut head = [0; 4096];
    stream.readable().await.expect("an answer");
    let length = stream.try_read(&mut head).expect("an answer");
    assert!(head[..length].starts_with(b"HTTP/1.1 200"), "no stream");
    stream
}

async fn read(stream: TcpStream, heard: Heard) {
    let (mut text, mut buffer) = (String::new(), vec![0; 16 << 10]);
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => text += &String::from_utf8_lossy(&buffer[..length]),
            Err(_) => continue,
        }
        let now = Instant::now();
        let whole = text.rfind("\n\n").map_or(0, |end| end + 2);
        let cursors = text[..whole]
            .split("\"cursor\":")
            .skip(1)
            .filter_map(quoted);
        let cursors = cursors.map(|cursor| (cursor.to_owned(), now));
        heard.lock().expect("nobody panics").extend(cursors);
        text.drain(..whole);
    }
}

fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// All devices push for a while; what the streams hear of it is a line.
fn push(target: &Target, heard: &Heard, name: &str, rate: Option<u32>) -> String {
    heard.lock().expect("nobody panics").clear();
    let (cpu, start) = (target.cpu_ms(), Instant::now());
    let until = start + Duration::from_secs(5);
    let pushed: HashMap<String, Instant> = thread::scope(|scope| {
        let device = |number| push_until(target, &project(number), rate, until);
        let pushing: Vec<_> = (0..PROJECTS)
            .map(|number| scope.spawn(move || device(number)))
            .collect();
        let joined = pushing.into_iter().map(|device| device.join());
        joined.flat_map(|pushed| pushed.expect("pushes")).collect()
    });
    thread::sleep(Duration::from_millis(500));
    let seconds = start.elapsed().as_secs_f64();
    let heard = heard.lock().expect("nobody panics");
    let late =
        |(cursor, at): &(String, Instant)| Some(at.saturating_duration_since(*pushed.get(cursor)?));
    let late: Vec<Duration> = heard.iter().filter_map(late).collect();
    report::line(&[
        name.to_owned(),
        number(pushed.len() as f64 / seconds),
        number(late.len() as f64 / seconds),
        cell(percentile(&late, 0.5)),
        cell(percentile(&late, 0.99)),
        number((target.cpu_ms() - cpu) / 1000.0 / seconds),
    ])
}

/// Returns when each push was acknowledged, by its cursor.
fn push_until(
    target: &Target,
    project: &str,
    rate: Option<u32>,
    until: Instant,
) -> Vec<(String, Instant)> {
    let (mut connection, mut pushed) = (Connection::open(&target.address), Vec::new());
    while Instant::now() < until {
        let (next, request) = (
            Instant::now(),
            client::push(project, &body(&[File::new(None, SMALL)])),
        );
        let answer = String::from_utf8_lossy(connection.good(&request)).into_owned();
        let cursor = answer.split("\"cursor\":").nth(1).and_then(quoted);
        pushed.push((cursor.expect("a cursor").to_owned(), Instant::now()));
        if let Some(rate) = rate {
            thread::sleep(
                (next + Duration::from_secs(1) / rate).saturating_duration_since(Instant::now()),
            );
        }
    }
    pushed
}
