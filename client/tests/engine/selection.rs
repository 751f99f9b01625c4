//! `.kamiignore` and the settings of the folder.

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
    std::fs::remove_file(a.place(".kamiignore")).unwrap();
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
