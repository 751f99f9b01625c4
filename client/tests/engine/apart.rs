//! Both devices changed the same file.

use support::Host;

use crate::device::{Device, settle};

/// Two devices in sync with this text.
fn with(host: &Host, text: &str) -> (Device, Device) {
    let (a, b) = (Device::new(host, "a"), Device::new(host, "b"));
    a.write("ideas/a.md", text);
    a.write("ideas/other.md", "other\n");
    settle(&[&a, &b]);
    (a, b)
}

#[test]
fn edits_of_different_lines_are_merged() {
    let host = Host::start();
    let (a, b) = with(&host, "one\ntwo\nthree\nfour\nfive\n");
    a.write("ideas/a.md", "ONE\ntwo\nthree\nfour\nfive\n");
    b.write("ideas/a.md", "one\ntwo\nthree\nfour\nFIVE\n");
    a.sync();
    let report = b.sync();
    assert!(report.merged.contains("ideas/a.md") && report.conflicts.is_empty());
    assert!(report.uploaded.contains("ideas/a.md"));
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "ONE\ntwo\nthree\nfour\nFIVE\n");
    assert_eq!(b.trash(), ["one\ntwo\nthree\nfour\nFIVE\n"]);
}

#[test]
fn edits_that_clash_are_both_kept() {
    let host = Host::start();
    let (a, b) = with(&host, "text\n");
    a.write("ideas/a.md", "text of a\n");
    b.write("ideas/a.md", "text of b\n");
    assert!(!b.preview().is_in_step());
    a.sync();
    let [conflict] = &b.preview().conflicts[..] else {
        panic!()
    };
    assert_eq!(conflict.path, "ideas/a.md");
    let report = b.sync();
    let [conflict] = &report.conflicts[..] else {
        panic!("{report:?}")
    };
    assert!(
        conflict.copy.starts_with("ideas/a (conflict b 20"),
        "{conflict:?}"
    );
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "text of a\n");
    assert_eq!(files[&conflict.copy], "text of b\n");
    assert_eq!(files.len(), 3);
}

#[test]
fn a_private_file_stays_private_when_it_is_replaced_and_so_does_its_copy() {
    use std::os::unix::fs::PermissionsExt;

    let host = Host::start();
    let (a, b) = with(&host, "text\n");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(b.place("ideas/a.md"), private).unwrap();
    a.write("ideas/a.md", "text of a\n");
    b.write("ideas/a.md", "text of b\n");
    a.sync();
    let report = b.sync();
    for path in ["ideas/a.md", &report.conflicts[0].copy] {
        let mode = b.place(path).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[test]
fn a_private_file_stays_private_when_another_device_renames_it() {
    use std::os::unix::fs::PermissionsExt;

    let host = Host::start();
    let (a, b) = with(&host, "private\n");
    let private = std::fs::Permissions::from_mode(0o600);
    let is_private = |path: &str| {
        let mode = b.place(path).metadata().unwrap().permissions().mode();
        mode & 0o777 == 0o600
    };
    std::fs::set_permissions(b.place("ideas/a.md"), private).unwrap();
    a.rename("ideas/a.md", "tasks/b.md");
    a.sync();
    b.sync();
    assert!(is_private("tasks/b.md"));
    // Without a cursor too, and a copy is no renamed file.
    std::fs::remove_file(b.folder().database()).unwrap();
    a.rename("tasks/b.md", "ideas/c.md");
    a.write("ideas/other copy.md", "other\n");
    a.sync();
    b.sync();
    assert!(is_private("ideas/c.md") && !is_private("ideas/other copy.md"));
}

#[test]
fn files_made_on_both_sides_are_both_kept_unless_they_are_the_same() {
    let host = Host::start();
    let (a, b) = with(&host, "text\n");
    for (device, text) in [(&a, "of a\n"), (&b, "of b\n")] {
        device.write("ideas/new.md", text);
        device.write("ideas/same.md", "same\n");
    }
    a.sync();
    let report = b.sync();
    assert_eq!(report.conflicts.len(), 1);
    let files = settle(&[&a, &b]);
    assert_eq!(files.len(), 5);
    assert_eq!(files["ideas/new.md"], "of a\n");
}

#[test]
fn an_edit_outlives_a_deletion_on_the_other_side() {
    let host = Host::start();
    let (a, b) = with(&host, "text\n");
    a.delete("ideas/a.md");
    b.write("ideas/a.md", "edited\n");
    a.sync();
    let preview = b.preview();
    let report = b.sync();
    assert_eq!(preview, report);
    assert!(report.kept.contains("ideas/a.md") && report.uploaded.contains("ideas/a.md"));
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "edited\n");

    a.write("ideas/a.md", "edited again\n");
    b.delete("ideas/a.md");
    a.sync();
    let report = b.sync();
    assert!(report.returned.contains("ideas/a.md"));
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "edited again\n");
}

#[test]
fn a_file_deleted_on_both_sides_is_gone() {
    let host = Host::start();
    let (a, b) = with(&host, "text\n");
    a.delete("ideas/a.md");
    b.delete("ideas/a.md");
    a.sync();
    assert!(b.sync().is_in_step());
    assert_eq!(settle(&[&a, &b]).len(), 1);
}

#[test]
fn binary_files_are_never_merged() {
    let host = Host::start();
    let (a, b) = with(&host, "one\n\n\n\ntwo\n");
    a.write("ideas/a.md", "one\0\n\n\n\ntwo\n");
    b.write("ideas/a.md", "one\n\n\n\ntwo!\n");
    a.sync();
    assert_eq!(b.sync().conflicts.len(), 1);
    assert_eq!(settle(&[&a, &b]).len(), 3);
}

/// The CLI in the same folder takes files without this program.
#[test]
fn a_version_that_came_another_way_is_no_edit() {
    let host = Host::start();
    let (a, b) = with(&host, "one\n");
    a.write("ideas/a.md", "two\n");
    a.sync();
    b.write("ideas/a.md", "two\n");
    a.write("ideas/a.md", "three\n");
    a.sync();
    let report = b.sync();
    assert!(
        report.conflicts.is_empty() && report.merged.is_empty(),
        "{report:?}"
    );
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "three\n");
}

#[test]
fn an_edit_that_another_device_made_and_undid_is_merged() {
    let host = Host::start();
    let (a, b) = with(&host, "- [ ] one\ntwo\nthree\nfour\n");
    a.write("ideas/a.md", "- [x] one\ntwo\nthree\nfour\n");
    a.sync();
    b.write("ideas/a.md", "- [x] one\ntwo\nthree\nfour\n");
    a.write("ideas/a.md", "- [ ] one\ntwo\nthree\nFOUR\n");
    a.sync();
    assert!(b.sync().merged.contains("ideas/a.md"));
    let merged = "- [x] one\ntwo\nthree\nFOUR\n";
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], merged);
}
