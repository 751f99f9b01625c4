//! Rounds that are told what is new, as those of `watch`.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use kamisync::absence::Answer;
use kamisync::report::{Report, Silent};
use kamisync::round::{News, Options, Session};
use kamisync::scan::Touched;
use support::Host;

use crate::device::{Device, settle};
use crate::lossy::Lossy;

/// Pages that may be asked for.
const PAGES: u32 = 100;

/// A device whose session continues from round to round.
struct Watch<'a> {
    session: Session,
    way: Lossy<'a>,
}

impl<'a> Watch<'a> {
    /// A watch that has done its first round.
    fn of(device: &'a Device) -> Self {
        let way = Lossy {
            pages_left: PAGES.into(),
            ..Lossy::of(device)
        };
        let session = Session::open(device.folder()).unwrap();
        let mut watch = Self { session, way };
        watch.round(News::unknown());
        watch
    }

    fn round(&mut self, news: News) -> Report {
        self.way.pages_left.store(PAGES, Relaxed);
        self.way.pushes.store(0, Relaxed);
        let options = Options {
            device: "device",
            answer: Answer::None,
            progress: &Silent,
        };
        self.session.sync_news(&self.way, &options, &news).unwrap()
    }

    /// How often the last round asked for changes, and how often it pushed.
    fn requests(&self) -> (u32, u32) {
        (
            PAGES - self.way.pages_left.load(Relaxed),
            self.way.pushes.load(Relaxed),
        )
    }
}

/// These paths were touched here, and nothing is new on the server.
fn here(paths: &[&str]) -> News {
    let paths = paths.iter().map(|path| (*path).to_owned());
    News {
        here: paths.collect(),
        there: false,
    }
}

/// The server has something new.
fn there() -> News {
    News {
        here: Touched::default(),
        there: true,
    }
}

#[test]
fn a_save_takes_one_request_and_nothing_new_takes_none() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    let (mut on_a, mut on_b) = (Watch::of(&a), Watch::of(&b));
    a.write("ideas/a.md", "a");
    assert_eq!(on_a.round(here(&["ideas/a.md"])).uploaded.len(), 1);
    assert_eq!(on_a.requests(), (0, 1));
    assert_eq!(on_b.round(there()).downloaded.len(), 1);
    assert_eq!(on_b.requests(), (1, 0));
    // The system tells of what the round has written.
    assert!(on_b.round(here(&["ideas/a.md"])).is_in_step());
    assert_eq!(on_b.requests(), (0, 0));
}

#[test]
fn only_what_was_touched_goes_up_and_the_rest_with_the_next_whole_look() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    let mut on_a = Watch::of(&a);
    for path in ["ideas/told.md", "ideas/not told.md"] {
        a.write(path, path);
    }
    let uploaded = |report: Report| report.uploaded.into_iter().collect::<Vec<_>>();
    let told = here(&["ideas/told.md"]);
    assert_eq!(uploaded(on_a.round(told)), ["ideas/told.md"]);
    let rest = on_a.round(News::unknown());
    assert_eq!(uploaded(rest), ["ideas/not told.md"]);
}

#[test]
fn an_edit_that_was_not_told_is_not_written_over() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "one\ntwo\nthree\n");
    a.write("ideas/gone.md", "x");
    settle(&[&a, &b]);
    let mut on_b = Watch::of(&b);
    a.write("ideas/a.md", "ONE\ntwo\nthree\n");
    a.delete("ideas/gone.md");
    a.sync();
    b.write("ideas/a.md", "one\ntwo\nTHREE\n");
    b.write("ideas/gone.md", "y");
    let report = on_b.round(there());
    assert!(report.merged.contains("ideas/a.md"), "{report:?}");
    drop(on_b);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "ONE\ntwo\nTHREE\n");
    assert_eq!(files["ideas/gone.md"], "y");
}

#[test]
fn a_push_without_a_pull_writes_over_nothing() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "one\ntwo\nthree\n");
    a.write("ideas/b.md", "1");
    settle(&[&a, &b]);
    let mut on_b = Watch::of(&b);
    a.write("ideas/a.md", "ONE\ntwo\nthree\n");
    a.write("ideas/b.md", "2");
    a.sync();
    b.write("ideas/a.md", "one\ntwo\nTHREE\n");
    b.delete("ideas/b.md");
    on_b.round(here(&["ideas/a.md", "ideas/b.md"]));
    drop(on_b);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "ONE\ntwo\nTHREE\n");
    assert_eq!(files["ideas/b.md"], "2", "an edit beats a deletion");
}

#[test]
fn a_folder_that_is_gone_is_no_deletion_of_its_files() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.write("ideas/b.md", "b");
    let mut on_a = Watch::of(&a);
    fs::rename(a.place("ideas"), a.place("elsewhere")).unwrap();
    let options = Options {
        device: "a",
        answer: Answer::None,
        progress: &Silent,
    };
    let news = here(&["ideas/a.md", "ideas/b.md"]);
    let asked = on_a.session.sync_news(&on_a.way, &options, &news);
    assert!(
        asked
            .unwrap_err()
            .to_string()
            .contains("--accept-deletions")
    );
}
