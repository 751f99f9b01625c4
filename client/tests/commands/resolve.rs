//! `resolve`.

use serde_json::Value;
use support::Host;

use crate::watch::watching;
use crate::{Device, eventually};

/// A laptop whose edit of a line met that of the phone.
fn in_conflict(host: &Host) -> Device {
    let (laptop, phone) = (
        Device::linked("laptop", host),
        Device::linked("phone", host),
    );
    laptop.write("ideas/a.md", "same\nbefore\n");
    laptop.run(&["sync"]).good();
    phone.run(&["sync"]).good();
    phone.write("ideas/a.md", "same\nby phone\n");
    phone.run(&["sync"]).good();
    laptop.write("ideas/a.md", "same\nby laptop\n");
    let said = laptop.run(&["sync"]).good();
    assert!(
        said.contains("conflict: ideas/a.md: your text is in ideas/a (conflict laptop "),
        "{said}"
    );
    laptop
}

/// The path of the copy.
fn copy(laptop: &Device) -> String {
    let listed = laptop.run(&["resolve", "--json"]);
    assert_eq!(listed.code, Some(3), "{listed:?}");
    let conflicts: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(conflicts[0]["path"], "ideas/a.md");
    conflicts[0]["copy"].as_str().unwrap().to_owned()
}

#[test]
fn a_conflict_is_shown_with_both_texts() {
    let host = Host::start();
    let laptop = in_conflict(&host);
    let copy = copy(&laptop);
    let shown = laptop.run(&["resolve", "ideas/a.md"]);
    let expected =
        format!("same\n<<<<<<< ideas/a.md\nby phone\n=======\nby laptop\n>>>>>>> {copy}\n");
    assert_eq!((shown.code, shown.out), (Some(3), expected));
    assert!(
        laptop
            .run(&["status"])
            .good()
            .starts_with("open conflict: ideas/a.md")
    );
}

#[test]
fn either_text_can_be_kept_and_the_other_devices_follow() {
    for (keep, text) in [("file", "same\nby phone\n"), ("copy", "same\nby laptop\n")] {
        let host = Host::start();
        let laptop = in_conflict(&host);
        let copy = copy(&laptop);
        laptop.run(&["resolve", &copy, "--keep", keep]).good();
        assert_eq!(laptop.read("ideas/a.md").as_deref(), Some(text));
        assert_eq!(laptop.read(&copy), None);
        assert_eq!(laptop.run(&["resolve"]).good(), "");
        let phone = Device::linked("phone", &host);
        phone.run(&["sync"]).good();
        assert_eq!(phone.read("ideas/a.md").as_deref(), Some(text));
        assert_eq!(phone.read(&copy), None);
    }
}

#[test]
fn a_conflict_is_settled_while_a_watch_works_in_the_folder() {
    let host = Host::start();
    let laptop = in_conflict(&host);
    let copy = copy(&laptop);
    let watch = watching(&laptop);
    let holder = || laptop.read(".sync/kamisync.lock");
    eventually("the folder is watched", || {
        holder() == Some(watch.id().to_string())
    });
    laptop
        .run(&["resolve", "ideas/a.md", "--keep", "copy"])
        .good();
    eventually("the text is on the server", || {
        let file = host.client().get("/v1/projects/p/files/ideas/a.md");
        file.bytes == b"same\nby laptop\n"
    });
    assert_eq!(laptop.read(&copy), None);
}

#[test]
fn a_conflict_that_is_settled_without_a_network_is_said_to_be() {
    let host = Host::start();
    let laptop = in_conflict(&host);
    let copy = copy(&laptop);
    drop(host);
    let settled = laptop.run(&["resolve", "ideas/a.md", "--keep", "copy"]);
    assert_eq!(settled.code, Some(4), "{settled:?}");
    assert!(settled.out.contains("ideas/a.md is settled"), "{settled:?}");
    assert_eq!(laptop.read(&copy), None);
    assert_eq!(
        laptop.read("ideas/a.md").as_deref(),
        Some("same\nby laptop\n")
    );
}
