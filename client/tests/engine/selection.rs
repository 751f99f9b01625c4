//! `.kamiignore` and the settings of the folder.

use kamisync::report::ConflictCopy;
use support::Host;

use crate::device::{Device, settle};

#[test]
fn what_is_no_longer_selected_is_not_deleted_and_what_is_selected_again_comes() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "a");
    a.write("ideas/private/b.md", "b");
    a.write("tasks/c.md", "c");
    settle(&[&a, &b]);
    a.write(".kamiignore", "private/\n");
    a.settings(r#"{"sync": {"projectId": "p", "categories": ["ideas"]}}"#);
    a.delete("ideas/private/b.md");
    a.write("tasks/c.md", "c, edited");
    assert!(a.sync().is_in_step());
    b.write("ideas/private/b.md", "b, edited");
    b.write("ideas/a.md", "a, edited");
    b.sync();
    let report = a.sync();
    assert_eq!(report.downloaded.len(), 1);
    assert_eq!(a.read("ideas/private/b.md"), None);
    a.write(".kamiignore", "");
    a.settings(r#"{"sync": {"projectId": "p"}}"#);
    a.sync();
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/private/b.md"], "b, edited");
    assert_eq!(files["tasks/c.md"], "c, edited");
}

#[test]
fn other_files_are_synced_where_both_include_them() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.settings(r#"{"sync": {"projectId": "p", "include": ["*.txt"]}}"#);
    a.write("ideas/a.txt", "a");
    a.write("ideas/b.md", "b");
    assert_eq!(a.sync().uploaded.len(), 2);
    assert_eq!(b.sync().downloaded.len(), 1);
    b.settings(r#"{"sync": {"projectId": "p", "include": ["*.txt"]}}"#);
    assert_eq!(b.sync().downloaded.len(), 1);
    settle(&[&a, &b]);
}

/// Both edit the same line; the report of the one that finds out.
fn conflict(a: &Device, b: &Device, path: &str) -> ConflictCopy {
    a.write(path, "text");
    settle(&[a, b]);
    a.write(path, "text of a");
    b.write(path, "text of b");
    a.sync();
    b.sync().conflicts.remove(0)
}

#[test]
fn the_copy_of_a_file_that_is_included_by_its_name_is_on_all_devices() {
    let host = Host::start();
    let devices = [Device::new(&host, "a"), Device::new(&host, "b")];
    for device in &devices {
        device.settings(r#"{"sync": {"projectId": "p", "include": ["ideas/plan.txt"]}}"#);
    }
    let [a, b] = &devices;
    let conflict = conflict(a, b, "ideas/plan.txt");
    assert!(!conflict.is_local);
    let files = settle(&[a, b]);
    assert_eq!(files[&conflict.copy], "text of b");
    a.delete(&conflict.copy);
    assert_eq!(settle(&[a, b]).len(), 1);
}

#[test]
fn a_copy_that_is_ignored_is_told_as_of_this_device_and_goes_nowhere() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    b.write(".kamiignore", "*conflict*\n");
    let conflict = conflict(&a, &b, "ideas/plan.md");
    assert!(conflict.is_local);
    assert_eq!(b.read(&conflict.copy).as_deref(), Some("text of b"));
    a.sync();
    assert_eq!(a.files().len(), 1);
}

#[test]
fn another_project_is_another_folder() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.sync();
    a.settings(r#"{"sync": {"projectId": "q"}}"#);
    // What was remembered of the other project is forgotten, and everything is compared.
    assert!(a.sync().is_in_step());
    assert_eq!(a.read("ideas/a.md").as_deref(), Some("a"));
}
