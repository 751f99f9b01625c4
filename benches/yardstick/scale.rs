//! How time and memory grow with files, with projects and with the size of a body.

use std::time::Instant;

use support::Build;

use crate::client::{self, Connection, get};
use crate::content::{File, body, number};
use crate::load::Target;
use crate::process;
use crate::projects::{SMALL, now_ms, seed};
use crate::report::{self, cell, percentile};
use crate::server::{self, describe, target};

/// Requests of each kind.
const REQUESTS: usize = 500;

/// Measures projects of these sizes, then many projects and a large body.
pub fn run(sizes: &[usize]) {
    let build = Build::current();
    let mut text = format!(
        "Before: {}\n\nServer: {}\n\n",
        process::machine(),
        describe(&build)
    );
    text += &report::head(&[
        "Files",
        "Projects",
        "Seeded in s",
        "Push p50 / p99 ms",
        "First page",
        "Middle page",
        "Status",
        "Idle poll",
        "RSS MB",
        "Most RSS MB",
    ]);
    for files in sizes {
        text += &measure(&build, *files, 1);
    }
    text += &measure(&build, 10, 1_000);
    text += &large_body(&build);
    report::publish("yardstick-scale.md", &text);
}

fn measure(build: &Build, files: usize, projects: usize) -> String {
    let host = server::start(build);
    let (target, start) = (target(&host), Instant::now());
    for project in 0..projects {
        seed(&target, &format!("p{project}"), files, 1_000);
    }
    let seeded = start.elapsed().as_secs_f64();
    let middle = middle(&target, files);
    let ask = |request: &dyn Fn(&str) -> Vec<u8>| times(&target, projects, request);
    report::line(&[
        files.to_string(),
        projects.to_string(),
        report::number(seeded),
        ask(&|project| client::push(project, &body(&[File::new(None, SMALL)]))),
        ask(&|project| client::page(project, "0")),
        ask(&|project| client::page(project, &middle)),
        ask(&|project| get(&format!("/v1/projects/{project}/status"))),
        ask(&|project| client::page(project, &now_ms())),
        report::number(process::rss_mb(host.pid())),
        report::number(process::peak_mb(host.pid())),
    ])
}

/// p50 and p99 of a request to each project in turn.
fn times(target: &Target, projects: usize, request: &dyn Fn(&str) -> Vec<u8>) -> String {
    let requests = (0..REQUESTS).map(|_| request(&format!("p{}", number() % projects)));
    let round = target.each(&requests.collect::<Vec<_>>());
    assert_eq!(round.bad, 0, "answers other than 200");
    let of = |share| cell(percentile(&round.latencies, share));
    format!("{} / {}", of(0.5), of(0.99))
}

/// A `since` in the middle of the files of the first project.
fn middle(target: &Target, files: usize) -> String {
    let mut connection = Connection::open(&target.address);
    let half = get(&format!(
        "/v1/projects/p0/manifest?limit={}",
        (files / 2).max(1)
    ));
    let page: serde_json::Value =
        serde_json::from_slice(connection.good(&half)).expect("a manifest");
    let mut revs: Vec<i64> = page["files"]
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["rev"].as_i64())
        .collect();
    revs.sort_unstable();
    format!("{}", revs[revs.len() / 2] as f64 / 1000.0)
}

/// One push of almost the largest size.
fn large_body(build: &Build) -> String {
    let host = server::start(build);
    let idle = process::rss_mb(host.pid());
    let request = client::push("large", &body(&File::many(74, 1 << 20)));
    let round = target(&host).each(std::slice::from_ref(&request));
    assert_eq!(round.bad, 0, "the push is refused");
    let size = request.len() as f64 / f64::from(1 << 20);
    let peak = process::peak_mb(host.pid());
    format!(
        "\nOne push of {} MB: {} s, RSS from {} MB to at most {} MB, {:.2} times the body more\n\nAfter: {}\n",
        report::number(size),
        report::number(round.seconds()),
        report::number(idle),
        report::number(peak),
        (peak - idle) / size,
        process::machine()
    )
}
