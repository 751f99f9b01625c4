//! What a server does not take.

use kamisync::report::Report;
use serde_json::json;
use support::Host;

use crate::device::{Device, settle};

#[test]
fn a_large_change_goes_up_in_parts() {
    let host = Host::with(&[("MAX_BODY_SIZE", "20000"), ("MAX_FILE_SIZE", "12000")]);
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for number in 0..20 {
        a.write(
            &format!("ideas/{number}.md"),
            &format!("{number}").repeat(2000),
        );
    }
    assert_eq!(a.sync().uploaded.len(), 20);
    for number in 0..20 {
        a.rename(&format!("ideas/{number}.md"), &format!("tasks/{number}.md"));
    }
    a.sync();
    b.sync();
    assert_eq!(settle(&[&a, &b]).len(), 20);
}

#[test]
fn a_file_that_is_too_large_keeps_nothing_else_back() {
    let host = Host::with(&[("MAX_FILE_SIZE", "1000")]);
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/large.md", &"x".repeat(1001));
    a.write("ideas/small.md", "small");
    let preview = a.preview();
    let report = a.sync();
    assert_eq!(preview, report);
    assert!(report.uploaded.contains("ideas/small.md"));
    assert_eq!(report.left[0].path, "ideas/large.md");
    assert!(report.left[0].reason.contains("1000"), "{report:?}");
    b.sync();
    assert_eq!(b.files().len(), 1);
    a.write("ideas/large.md", "smaller");
    assert!(a.sync().left.is_empty());
}

#[test]
fn a_folder_that_the_server_does_not_take_keeps_nothing_else_back() {
    let host = Host::with(&[("SYNC_FOLDERS", "ideas")]);
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.write("tasks/a.md", "a");
    let preview = a.preview();
    let report = a.sync();
    assert_eq!(preview, report);
    assert!(report.uploaded.contains("ideas/a.md"));
    assert_eq!(report.left[0].path, "tasks/a.md");
}

#[test]
fn a_file_that_is_moved_to_where_the_server_does_not_take_it_stays_on_other_devices() {
    let host = Host::with(&[("SYNC_FOLDERS", "ideas"), ("PORTABLE_PATHS", "refuse")]);
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for name in ["1", "2", "3"] {
        a.write(&format!("ideas/{name}.md"), name);
    }
    settle(&[&a, &b]);
    a.rename("ideas/1.md", "tasks/1.md");
    a.rename("ideas/2.md", "ideas/2?.md");
    a.delete("ideas/3.md");
    for _ in 0..2 {
        let report = a.sync();
        let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
        assert_eq!(
            left,
            ["ideas/1.md", "ideas/2.md", "ideas/2?.md", "tasks/1.md"]
        );
        assert!(report.left[0].reason.contains("tasks/1.md"), "{report:?}");
        assert!(!report.deleted_there.contains("ideas/2.md"), "{report:?}");
    }
    b.sync();
    assert_eq!(
        b.files().into_keys().collect::<Vec<_>>(),
        ["ideas/1.md", "ideas/2.md"]
    );
    a.rename("tasks/1.md", "ideas/4.md");
    a.rename("ideas/2?.md", "ideas/5.md");
    assert_eq!(a.sync().deleted_there.len(), 2);
    assert_eq!(settle(&[&a, &b]).len(), 2);
}

#[test]
fn a_file_that_is_moved_to_a_name_of_this_system_alone_stays_on_other_devices() {
    use std::os::unix::ffi::OsStrExt;

    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for path in ["ideas/cafe/1.md", "ideas/2.md", "ideas/3.md", "ideas/4.md"] {
        a.write(path, path);
    }
    settle(&[&a, &b]);
    let latin = a
        .place("ideas")
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::rename(a.place("ideas/cafe"), &latin).unwrap();
    a.rename("ideas/2.md", "ideas/plan 1\\2.md");
    a.delete("ideas/3.md");
    for deleted in [1, 0] {
        let preview = a.preview();
        let report = a.sync();
        assert_eq!(preview, report);
        let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
        let unsound = ["ideas/caf\u{fffd}/1.md", "ideas/plan 1\\2.md"];
        assert_eq!(
            left,
            ["ideas/2.md", "ideas/cafe/1.md", unsound[0], unsound[1]]
        );
        let reason = "no other device could have a file of this name";
        assert_eq!(report.left[2].reason, reason);
        assert!(report.left[0].reason.contains("1\\2.md"), "{report:?}");
        assert_eq!(report.deleted_there.len(), deleted, "{report:?}");
    }
    b.sync();
    let files: Vec<String> = b.files().into_keys().collect();
    assert_eq!(files, ["ideas/2.md", "ideas/4.md", "ideas/cafe/1.md"]);
    std::fs::rename(&latin, a.place("ideas/café")).unwrap();
    a.rename("ideas/plan 1\\2.md", "ideas/plan.md");
    assert_eq!(a.sync().deleted_there.len(), 2);
    assert_eq!(settle(&[&a, &b]).len(), 3);
}

#[test]
fn a_name_that_the_server_refuses_keeps_nothing_else_back() {
    let host = Host::with(&[("PORTABLE_PATHS", "refuse")]);
    let a = Device::new(&host, "a");
    a.write("ideas/fine.md", "a");
    a.write("ideas/con.md", "a");
    a.write("ideas/what?.md", "a");
    let report = a.sync();
    assert!(report.uploaded.contains("ideas/fine.md"), "{report:?}");
    let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
    assert_eq!(left, ["ideas/con.md", "ideas/what?.md"]);
    assert!(report.left.iter().all(|left| !left.reason.is_empty()));
}

#[test]
fn many_names_that_the_server_refuses_keep_nothing_else_back() {
    let host = Host::with(&[("PORTABLE_PATHS", "refuse")]);
    let a = Device::new(&host, "a");
    for number in 0..12 {
        a.write(&format!("ideas/{number}?.md"), "a");
    }
    a.write("tasks/fine.md", "a");
    let report = a.sync();
    assert!(report.uploaded.contains("tasks/fine.md"), "{report:?}");
    assert_eq!(report.left.len(), 12, "{report:?}");
}

/// A key of this scope.
fn key(host: &Host, scope: &str) -> String {
    let body = json!({"name": scope, "scope": scope});
    let made = host.client().post("/v1/keys", &body).json;
    made["key"].as_str().expect("a key").to_owned()
}

#[test]
fn new_files_without_room_keep_no_edit_back() {
    let host = Host::with(&[("MAX_FILES_PER_PROJECT", "5")]);
    let a = Device::new(&host, "a");
    let write = |number: usize| a.write(&format!("ideas/{number}.md"), &format!("{number}"));
    (0..3).for_each(write);
    a.sync();
    (3..20).for_each(write);
    a.write("ideas/0.md", "edited");
    a.rename("ideas/1.md", "tasks/1.md");
    let report = a.sync();
    assert_eq!(host.client().status("p")["fileCount"], 5, "{report:?}");
    for path in ["ideas/0.md", "tasks/1.md"] {
        assert!(report.uploaded.contains(path), "{report:?}");
    }
    assert_eq!(report.left.len(), 15);
    assert!(report.left[0].reason.contains("more than 5 files"));
    for number in 3..20 {
        a.delete(&format!("ideas/{number}.md"));
    }
    assert!(a.sync().left.is_empty());
}

#[test]
fn with_a_key_that_may_only_read_edits_are_told_and_changes_come() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.write("ideas/b.md", "b");
    a.sync();
    let b = Device::with_key(&host, "b", &key(&host, "read"));
    b.sync();
    a.write("ideas/a.md", "edited");
    a.sync();
    b.write("ideas/c.md", "c");
    b.delete("ideas/b.md");
    let report = b.sync();
    assert!(report.downloaded.contains("ideas/a.md"));
    let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
    assert_eq!(left, ["ideas/b.md", "ideas/c.md"]);
    assert!(report.left[1].reason.contains("append"), "{report:?}");
}

#[test]
fn with_a_key_that_may_append_edits_go_up_and_deletions_are_told() {
    let host = Host::start();
    let a = Device::with_key(&host, "a", &key(&host, "append"));
    for path in ["ideas/a.md", "ideas/b.md", "ideas/c.md"] {
        a.write(path, path);
    }
    a.sync();
    a.write("ideas/a.md", "edited");
    a.delete("ideas/b.md");
    a.rename("ideas/c.md", "tasks/c.md");
    let report = a.sync();
    let uploaded: Vec<&String> = report.uploaded.iter().collect();
    assert_eq!(uploaded, ["ideas/a.md", "tasks/c.md"]);
    let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
    assert_eq!(left, ["ideas/b.md", "ideas/c.md"]);
    assert!(report.left[0].reason.contains("append"), "{report:?}");
    assert!(report.deleted_there.is_empty());
    assert_eq!(a.files().len(), 2);
}

#[test]
fn a_file_that_is_too_large_for_any_request_is_told_for_what_it_is() {
    let host = Host::with(&[("MAX_BODY_SIZE", "20000"), ("MAX_FILE_SIZE", "14850")]);
    let a = Device::new(&host, "a");
    let large = format!("ideas/{0}/{0}.md", "x".repeat(200));
    a.write(&large, &"x".repeat(14_850));
    a.write("ideas/small.md", "small");
    let report = a.sync();
    assert!(report.uploaded.contains("ideas/small.md"), "{report:?}");
    let left = (&*report.left[0].path, &*report.left[0].reason);
    let reason = "it is too large, with its name, to be uploaded in one request";
    assert_eq!(left, (&*large, reason));
}

#[test]
fn a_file_that_was_edited_and_moved_to_where_the_server_does_not_take_it_stays_on_other_devices() {
    let host = Host::with(&[("MAX_FILE_SIZE", "1000"), ("PORTABLE_PATHS", "refuse")]);
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for name in ["1", "2", "3", "4", "5"] {
        a.write(&format!("ideas/{name}.md"), name);
    }
    a.write("ideas/always too large.md", &"l".repeat(1001));
    a.write("ideas/always?.md", "always");
    a.sync();
    b.sync();
    a.write("ideas/1.md", &"x".repeat(1001));
    a.sync();
    a.rename("ideas/1.md", "ideas/large.md");
    a.write("ideas/2.md", "edited");
    a.rename("ideas/2.md", "ideas/2\\2.md");
    a.write("ideas/3.md", "edited, too");
    a.rename("ideas/3.md", "ideas/3?.md");
    for _ in 0..2 {
        let report = a.sync();
        let stays = ["ideas/1.md", "ideas/2.md", "ideas/3.md"];
        for path in stays {
            let left = report.left.iter().find(|left| left.path == path);
            let left = left.unwrap_or_else(|| panic!("{path} {report:?}"));
            assert!(left.reason.contains("does not take"), "{report:?}");
        }
        assert!(report.deleted_there.is_empty(), "{report:?}");
    }
    b.sync();
    assert_eq!(b.files().len(), 5);
    // What the server never took holds back no deletion.
    a.delete("ideas/4.md");
    assert!(a.sync().deleted_there.contains("ideas/4.md"));
    a.rename("ideas/2\\2.md", "ideas/two.md");
    a.delete("ideas/3?.md");
    let report = a.sync();
    let deleted: Vec<&String> = report.deleted_there.iter().collect();
    assert_eq!(deleted, ["ideas/2.md", "ideas/3.md"]);
}

#[test]
fn what_a_key_may_not_do_is_not_foretold() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.write("ideas/b.md", "b");
    a.sync();
    for (scope, uploaded) in [("read", 0), ("append", 1)] {
        let b = Device::with_key(&host, "b", &key(&host, scope));
        b.sync();
        b.write("ideas/new.md", scope);
        b.delete("ideas/b.md");
        let foretold = b.preview();
        let report = b.sync();
        let paths = |report: &Report| -> Vec<String> {
            report.left.iter().map(|left| left.path.clone()).collect()
        };
        assert_eq!(foretold.uploaded.len(), uploaded, "{scope} {foretold:?}");
        assert_eq!(foretold.uploaded, report.uploaded);
        assert_eq!(foretold.deleted_there, report.deleted_there);
        assert_eq!(paths(&foretold), paths(&report));
    }
}

#[test]
fn what_the_server_has_refused_is_not_foretold_again() {
    let host = Host::with(&[("PORTABLE_PATHS", "refuse")]);
    let a = Device::new(&host, "a");
    a.write("ideas/what?.md", "a");
    let report = a.sync();
    assert_eq!(report.left.len(), 1);
    assert_eq!(a.preview(), report);
    a.write("ideas/what?.md", "edited");
    assert!(a.preview().uploaded.contains("ideas/what?.md"));
}

#[test]
fn a_copy_of_a_file_with_a_very_long_path_fits_or_the_reason_says_what_helps() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    let folder = format!("ideas/{}", vec!["e".repeat(100); 9].join("/"));
    let (fits, does_not) = (
        format!("{folder}/{}.md", "f".repeat(80)),
        format!("{folder}/{}/f.md", "e".repeat(84)),
    );
    for path in [&fits, &does_not] {
        a.write(path, "first\n");
    }
    settle(&[&a, &b]);
    for path in [&fits, &does_not] {
        a.write(path, "of a\n");
        b.write(path, "of b\n");
    }
    a.sync();
    let report = b.sync();
    assert_eq!(report.conflicts[0].path, fits, "{report:?}");
    assert_eq!(report.left[0].path, does_not, "{report:?}");
    assert!(report.left[0].reason.contains("shorter"), "{report:?}");
    assert_eq!(b.read(&does_not).as_deref(), Some("of b\n"));
}
