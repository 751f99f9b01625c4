//! What the pages of the dashboard cost, with many files and ten times as many versions.

use support::{Build, KEY};

use crate::client::{self, Connection, get_with};
use crate::content::{File, body};
use crate::load::Target;
use crate::process;
use crate::report::{self, cell, number, percentile};
use crate::server::{self, describe, target};

/// Requests of each page.
const REQUESTS: usize = 100;
/// Versions of each file.
const VERSIONS: usize = 10;
/// Files of a push.
const AT_ONCE: usize = 1_000;
/// Files in the first folder: as many as a page has to cope with.
const FOLDER: usize = 10_000;
/// Bytes of a note that is shown as HTML, and compared.
const NOTE: usize = 100 << 10;

/// Each page with its address, without the revs of the versions that are compared.
const PAGES: [(&str, &str); 8] = [
    ("Projects", "/dashboard"),
    ("Folder", "/dashboard/projects/p?in=archive/0"),
    ("Search", "/dashboard/projects/p?q=77"),
    ("Deleted", "/dashboard/projects/p/deleted"),
    ("Replaced edits", "/dashboard/projects/p/replaced"),
    ("Activity", "/dashboard/activity"),
    ("File", "/dashboard/projects/p/files/ideas/note.md"),
    ("Server", "/dashboard/server"),
];

/// Measures the pages of projects of these sizes.
pub fn run(sizes: &[usize]) {
    let build = Build::current();
    let mut text = format!("{}\n\nServer: {}\n\n", process::machine(), describe(&build));
    text += &report::head(&["Page", "Files", "p50 ms", "p99 ms", "CPU ms", "KiB"]);
    for files in sizes {
        let host = server::start(&build);
        let target = target(&host);
        fill(&target, *files);
        let cookie = format!("cookie: {}", host.signed_in(KEY).cookie());
        for (name, address) in pages(&target) {
            let cells = measure(&target, &get_with(&address, &cookie));
            text += &report::line(&[&[name.to_owned(), files.to_string()][..], &cells].concat());
        }
    }
    report::publish("yardstick-pages.md", &text);
}

fn fill(target: &Target, files: usize) {
    let mut connection = Connection::open(&target.address);
    let mut push = |files: &[File]| _ = connection.good(&client::push("p", &body(files)));
    for _ in 0..VERSIONS {
        for first in (0..files).step_by(AT_ONCE) {
            let last = files.min(first + AT_ONCE);
            push(
                &(first..last)
                    .map(|index| File::new(Some(path(index)), 64))
                    .collect::<Vec<_>>(),
            );
        }
    }
    for _ in 0..VERSIONS {
        push(&[File::new(Some("ideas/note.md".to_owned()), NOTE)]);
    }
    let deleted: Vec<_> = (0..files / 100).map(|index| path(index * 100)).collect();
    let push = serde_json::json!({ "files": [], "deletions": deleted }).to_string();
    connection.good(&client::push("p", push.as_bytes()));
}

fn path(index: usize) -> String {
    format!("archive/{}/{index}.md", index / FOLDER)
}

/// The pages, and a difference between the newest two versions of a note.
fn pages(target: &Target) -> Vec<(&'static str, String)> {
    let mut connection = Connection::open(&target.address);
    let history = client::get("/v1/projects/p/history?path=ideas/note.md&limit=2");
    let history: serde_json::Value =
        serde_json::from_slice(connection.good(&history)).expect("a history");
    let rev = |index: usize| history["versions"][index]["rev"].to_string();
    let compared = format!("{}?rev={}&rev={}", PAGES[6].1, rev(0), rev(1));
    let pages = PAGES.map(|(name, address)| (name, address.to_owned()));
    pages
        .into_iter()
        .chain([("Difference", compared)])
        .collect()
}

fn measure(target: &Target, request: &[u8]) -> [String; 4] {
    let bytes = Connection::open(&target.address).good(request).len();
    let round = target.each(&vec![request.to_vec(); REQUESTS]);
    assert_eq!(round.bad, 0, "answers other than 200");
    let of = |share| cell(percentile(&round.latencies, share));
    let size = bytes as f64 / 1024.0;
    [of(0.5), of(0.99), number(round.cpu_ms), number(size)]
}
