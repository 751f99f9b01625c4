//! Paths that cannot be written here.

use std::os::unix::fs::symlink;

use kamisync::remote::{Delete, Push, Put, Remote};
use support::{Host, sha256};

use crate::device::{Device, settle};

fn put(host: &Host, path: &str, text: &str) {
    let project = Device::new(host, "elsewhere");
    let push = Push {
        puts: vec![Put {
            path: path.to_owned(),
            base: 0,
            checksum: sha256(text.as_bytes()),
            modified: 1,
            content: text.into(),
        }],
        deletes: Vec::<Delete>::new(),
        is_first: true,
    };
    project.remote().push(&push).unwrap();
}

#[test]
fn a_file_whose_place_is_taken_waits_on_the_server() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    symlink("/etc", a.place("ideas/sub")).unwrap();
    symlink("nowhere", a.place("ideas/b.md")).unwrap();
    a.write("ideas/file", "in the way");
    for path in ["ideas/sub/a.md", "ideas/b.md", "ideas/file/c.md"] {
        put(&host, path, path);
    }
    let report = a.sync();
    let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
    assert_eq!(
        left,
        [
            "ideas/b.md",
            "ideas/file/c.md",
            "ideas/sub",
            "ideas/sub/a.md"
        ]
    );
    assert!(!std::path::Path::new("/etc/a.md").exists());
    assert!(a.sync().is_in_step());
    for path in ["ideas/sub", "ideas/b.md", "ideas/file"] {
        a.delete(path);
    }
    let report = a.sync();
    assert_eq!(report.downloaded.len(), 3);
    assert!(report.left.is_empty(), "{report:?}");
    assert_eq!(
        a.read("ideas/file/c.md").as_deref(),
        Some("ideas/file/c.md")
    );
}

#[test]
fn an_empty_folder_gives_its_place_to_a_file() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    for folder in ["ideas/a.md", "ideas/b.md/below"] {
        std::fs::create_dir_all(a.place(folder)).unwrap();
    }
    a.write("ideas/c.md/mine.txt", "not synced");
    for path in ["ideas/a.md", "ideas/b.md", "ideas/c.md"] {
        put(&host, path, path);
    }
    let report = a.sync();
    assert!(report.downloaded.contains("ideas/a.md"), "{report:?}");
    let left: Vec<&str> = report.left.iter().map(|left| &*left.path).collect();
    assert_eq!(left, ["ideas/b.md", "ideas/c.md"]);
    assert_eq!(a.read("ideas/a.md").as_deref(), Some("ideas/a.md"));
    assert_eq!(a.read("ideas/c.md/mine.txt").as_deref(), Some("not synced"));
}

#[test]
fn a_newer_version_of_a_waiting_file_is_taken_and_a_deletion_ends_the_wait() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/x", "in the way");
    b.write("ideas/x/1.md", "old");
    b.write("ideas/x/2.md", "old");
    b.write("ideas/other.md", "other");
    b.sync();
    assert_eq!(a.sync().left.len(), 2);
    b.write("ideas/x/1.md", "new");
    b.delete("ideas/x/2.md");
    b.sync();
    assert_eq!(a.sync().left.len(), 1);
    a.delete("ideas/x");
    a.sync();
    assert_eq!(settle(&[&a, &b])["ideas/x/1.md"], "new");
}

#[test]
fn nothing_outside_of_the_categories_is_written() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    for path in [
        "other/a.md",
        "ideas/a.txt",
        "ideas/.kamisync-1.tmp",
        "root.md",
    ] {
        put(&host, path, "text");
    }
    put(&host, "ideas/a.md", "text");
    let report = a.sync();
    assert_eq!(report.downloaded.len(), 1);
    assert_eq!(a.files().len(), 1);
    assert!(!a.place("other").exists() && !a.place("root.md").exists());
}
