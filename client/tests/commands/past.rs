//! `log`, `show` and `restore`.

use std::fs;

use serde_json::Value;
use support::Host;

use crate::Device;

/// A device whose file has had two texts.
fn edited(host: &Host) -> Device {
    let laptop = Device::linked("laptop", host);
    for text in ["first", "second"] {
        laptop.write("ideas/ghi chú.md", text);
        laptop.run(&["sync"]).good();
    }
    laptop
}

#[test]
fn versions_are_listed_and_printed() {
    let host = Host::start();
    let laptop = edited(&host);
    let place = laptop.place("ideas/ghi chú.md");
    let log = laptop.run(&["log", place.to_str().unwrap()]).good();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains("6 bytes") && lines[0].ends_with("laptop"),
        "{log}"
    );
    let log = laptop.run(&["log", "ideas/ghi chú.md", "--json"]).good();
    let versions: Value = serde_json::from_str(&log).unwrap();
    let rev = versions[1]["rev"].to_string();
    assert_eq!(laptop.run(&["show", "ideas/ghi chú.md"]).good(), "second");
    assert_eq!(
        laptop
            .run(&["show", "ideas/ghi chú.md", "--rev", &rev])
            .good(),
        "first"
    );
    assert!(
        laptop
            .run(&["show", "ideas/none.md"])
            .failed()
            .contains("kamisync log")
    );
    let never = laptop.run(&["log", "ideas/none.md"]).good();
    assert!(never.contains("never had"), "{never}");
}

#[test]
fn an_older_text_comes_back_here_too() {
    let host = Host::start();
    let laptop = edited(&host);
    let said = laptop.run(&["restore", "ideas/ghi chú.md"]).good();
    assert!(
        said.starts_with("ideas/ghi chú.md is restored, as it was at 2"),
        "{said}"
    );
    assert_eq!(laptop.read("ideas/ghi chú.md").as_deref(), Some("first"));
    // The restored text is the newest now, so the one before it is the second.
    laptop.run(&["restore", "ideas/ghi chú.md"]).good();
    assert_eq!(laptop.read("ideas/ghi chú.md").as_deref(), Some("second"));
    assert!(
        laptop
            .run(&["restore", "ideas/none.md"])
            .failed()
            .contains("never had")
    );
}

#[test]
fn deleted_files_are_listed_and_come_back() {
    let host = Host::start();
    let laptop = edited(&host);
    laptop.write("ideas/other.md", "other");
    laptop.run(&["sync"]).good();
    assert_eq!(laptop.run(&["restore", "--deleted"]).good(), "");
    fs::remove_file(laptop.place("ideas/ghi chú.md")).unwrap();
    laptop.run(&["sync"]).good();
    let deleted = laptop.run(&["restore", "--deleted"]).good();
    assert!(
        deleted.ends_with("UTC  ideas/ghi chú.md\n") && deleted.lines().count() == 1,
        "{deleted}"
    );
    laptop.run(&["restore", "ideas/ghi chú.md"]).good();
    assert_eq!(laptop.read("ideas/ghi chú.md").as_deref(), Some("second"));
}

#[test]
fn an_edit_that_is_not_synced_yet_survives_a_restore() {
    let host = Host::start();
    let laptop = edited(&host);
    laptop.write("ideas/ghi chú.md", "third");
    laptop.run(&["restore", "ideas/ghi chú.md"]).good();
    let texts: Vec<String> = fs::read_dir(laptop.place("ideas"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(texts.contains(&"third".to_owned()), "{texts:?}");
    assert!(texts.contains(&"first".to_owned()), "{texts:?}");
}

#[test]
fn a_file_that_is_missing_here_comes_back_with_its_newest_text() {
    let host = Host::start();
    let laptop = edited(&host);
    laptop.write("ideas/other.md", "other");
    laptop.run(&["sync"]).good();
    for also in [&[][..], &["--rev"]] {
        fs::remove_file(laptop.place("ideas/ghi chú.md")).unwrap();
        let log = laptop.run(&["log", "ideas/ghi chú.md", "--json"]).good();
        let versions: Value = serde_json::from_str(&log).unwrap();
        let rev = versions[0]["rev"].to_string();
        let rev = also.iter().map(|_| &*rev);
        let arguments: Vec<&str> = also.iter().copied().chain(rev).collect();
        let arguments = [&["restore", "ideas/ghi chú.md"], &arguments[..]].concat();
        laptop.run(&arguments).good();
        assert_eq!(laptop.read("ideas/ghi chú.md").as_deref(), Some("second"));
        assert_eq!(laptop.run(&["status"]).good(), "In sync.\n");
    }
    assert_eq!(host.client().status("p")["fileCount"], 2);
}
