//! What one device changes is on the others.

use support::Host;

use crate::device::{Device, settle};

fn list(paths: &std::collections::BTreeSet<String>) -> Vec<&str> {
    paths.iter().map(String::as_str).collect()
}

#[test]
fn edits_deletions_and_renames_reach_the_other_device() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/one.md", "one\n");
    a.write("ideas/sub/two.md", "two\n");
    a.write("tasks/three.md", "three\n");
    a.write("tasks/no.txt", "not synced");
    assert_eq!(
        list(&a.sync().uploaded),
        ["ideas/one.md", "ideas/sub/two.md", "tasks/three.md"]
    );
    assert_eq!(b.sync().downloaded.len(), 3);
    assert_eq!(b.read("ideas/sub/two.md").as_deref(), Some("two\n"));
    assert_eq!(b.read("tasks/no.txt"), None);

    b.write("ideas/one.md", "one, edited\n");
    b.delete("tasks/three.md");
    b.rename("ideas/sub/two.md", "archive/two.md");
    let preview = b.preview();
    let report = b.sync();
    assert_eq!(preview, report);
    assert_eq!(list(&report.uploaded), ["archive/two.md", "ideas/one.md"]);
    assert_eq!(
        list(&report.deleted_there),
        ["ideas/sub/two.md", "tasks/three.md"]
    );
    let preview = a.preview();
    let report = a.sync();
    assert_eq!(preview, report);
    assert_eq!(list(&report.downloaded), ["archive/two.md", "ideas/one.md"]);
    assert_eq!(
        list(&report.deleted_here),
        ["ideas/sub/two.md", "tasks/three.md"]
    );
    assert!(!a.place("ideas/sub").exists());
    assert_eq!(a.trash(), ["two\n", "three\n"]);
    a.delete("tasks/no.txt");
    assert_eq!(settle(&[&a, &b]).len(), 2);
}

#[test]
fn bytes_come_as_they_are() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for (path, bytes) in [
        ("ideas/bytes.md", &b"\xff\x00\r\n"[..]),
        ("ideas/empty.md", b""),
        ("ideas/é #?%.md", b"name"),
    ] {
        std::fs::write(a.place(path), bytes).unwrap();
    }
    a.sync();
    b.sync();
    assert_eq!(
        std::fs::read(b.place("ideas/bytes.md")).unwrap(),
        b"\xff\x00\r\n"
    );
    assert_eq!(settle(&[&a, &b]).len(), 3);
}

#[test]
fn a_deleted_file_can_be_made_again() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/other.md", "other");
    for text in ["first", "second", "first"] {
        a.write("ideas/a.md", text);
        a.sync();
        assert!(b.sync().downloaded.contains("ideas/a.md"));
        assert_eq!(b.read("ideas/a.md").as_deref(), Some(text));
        b.delete("ideas/a.md");
        b.sync();
        assert!(a.sync().deleted_here.contains("ideas/a.md"));
    }
    settle(&[&a, &b]);
}

#[test]
fn a_file_may_take_the_place_of_a_folder_and_a_folder_that_of_a_file() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/x.md", "file");
    a.write("ideas/keep.md", "keep");
    a.sync();
    b.sync();
    a.delete("ideas/x.md");
    a.write("ideas/x.md/y.md", "in a folder");
    a.sync();
    b.sync();
    assert_eq!(b.read("ideas/x.md/y.md").as_deref(), Some("in a folder"));
    b.delete("ideas/x.md/y.md");
    std::fs::remove_dir(b.place("ideas/x.md")).unwrap();
    b.write("ideas/x.md", "a file again");
    b.sync();
    a.sync();
    assert_eq!(a.read("ideas/x.md").as_deref(), Some("a file again"));
    settle(&[&a, &b]);
}

#[test]
fn many_files_go_both_ways_in_few_requests() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for number in 0..2500 {
        a.write(
            &format!("ideas/{}/{number}.md", number % 50),
            &format!("text {number}\n"),
        );
    }
    assert_eq!(a.sync().uploaded.len(), 2500);
    assert_eq!(b.sync().downloaded.len(), 2500);
    assert_eq!(a.files(), b.files());
    assert!(a.sync().is_in_step() && b.sync().is_in_step());
}
