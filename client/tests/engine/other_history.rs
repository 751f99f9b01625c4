//! A server whose history is not the one that a device has seen: renumbered, or a copy that went its own way.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use kamisync::remote::{Push, Pushed, Remote, RemoteError};
use support::{Host, fake_clock, run};
use tempfile::TempDir;

use crate::device::{Device, settle};
use crate::pass_on::pass_on;

/// Two devices in sync with a server that was renumbered after its clock had been ahead.
fn renumbered() -> Option<(Host, Device, Device)> {
    let ahead = fake_clock("+2d")?;
    let host = Host::with(&ahead);
    let (mut a, mut b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for name in ["a", "b", "c", "d"] {
        a.write(&format!("ideas/{name}.md"), "first\n");
        settle(&[&a, &b]);
        a.write(
            &format!("ideas/{name}.md"),
            &format!("{name}\n2\n3\n4\n5\n"),
        );
    }
    settle(&[&a, &b]);
    let (_, _, folder) = host.stop();
    run(&folder.path().join("sync.db"), &["renumber", "--all"]).good();
    let host = Host::resume(folder, &[]);
    a.move_to(&host);
    b.move_to(&host);
    Some((host, a, b))
}

#[test]
fn after_a_renumbering_a_device_that_edited_nothing_takes_what_others_did() {
    let Some((_host, a, b)) = renumbered() else {
        return;
    };
    a.write("ideas/a.md", "newer\n");
    a.delete("ideas/b.md");
    a.sync();
    let preview = b.preview();
    let report = b.sync();
    assert_eq!(preview, report);
    assert!(report.uploaded.is_empty(), "{report:?}");
    assert!(report.downloaded.contains("ideas/a.md"), "{report:?}");
    assert!(report.deleted_here.contains("ideas/b.md"), "{report:?}");
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "newer\n");
    assert_eq!(files.len(), 3);
}

#[test]
fn after_a_renumbering_edits_of_both_sides_are_both_kept() {
    let Some((_host, a, b)) = renumbered() else {
        return;
    };
    a.write("ideas/a.md", "A\n2\n3\n4\n5\n");
    b.write("ideas/a.md", "a\n2\n3\n4\nFIVE\n");
    a.write("ideas/b.md", "of a\n");
    b.write("ideas/b.md", "of b\n");
    a.delete("ideas/c.md");
    b.write("ideas/c.md", "edited\n");
    b.write("ideas/d.md", "edited\n");
    a.sync();
    let report = b.sync();
    assert_eq!(report.conflicts.len(), 1, "{report:?}");
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "A\n2\n3\n4\nFIVE\n");
    assert_eq!(files["ideas/b.md"], "of a\n");
    assert!(files.values().any(|text| text == "of b\n"), "{files:?}");
    assert_eq!(files["ideas/c.md"], "edited\n");
    assert_eq!(files["ideas/d.md"], "edited\n");
}

/// A server with a copy of the data.
fn copy(folder: &TempDir) -> Host {
    let other = tempfile::tempdir().unwrap();
    for entry in folder.path().read_dir().unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), other.path().join(entry.file_name())).unwrap();
        }
    }
    Host::resume(other, &[])
}

#[test]
fn a_device_that_moves_to_a_copy_writes_over_nothing_that_others_stored_there() {
    let host = Host::start();
    let (mut a, mut b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "first\n");
    a.write("ideas/b.md", "first\n");
    settle(&[&a, &b]);
    let (_, _, folder) = host.stop();
    let moved = copy(&folder);
    let host = Host::resume(folder, &[]);
    a.move_to(&moved);
    a.write("ideas/a.md", "of a, on the copy\n");
    a.delete("ideas/b.md");
    a.sync();
    b.move_to(&host);
    b.write("ideas/a.md", "of b, on the old one\n");
    b.write("ideas/b.md", "of b, on the old one\n");
    b.sync();
    b.move_to(&moved);
    assert_eq!(b.sync().conflicts.len(), 1);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "of a, on the copy\n");
    let kept = files.values().filter(|text| text.ends_with("old one\n"));
    assert_eq!(kept.count(), 2, "{files:?}");
}

/// A way that leads from one server to another when something is pushed.
struct Switch<'a> {
    from: &'a dyn Remote,
    to: &'a dyn Remote,
    is_at_other: AtomicBool,
}

impl Switch<'_> {
    fn inner(&self) -> &dyn Remote {
        if self.is_at_other.load(Ordering::Relaxed) {
            self.to
        } else {
            self.from
        }
    }
}

impl Remote for Switch<'_> {
    pass_on!(limits totals is_deleted changes diff content history);

    fn push(&self, push: &Push) -> Result<Pushed, RemoteError> {
        self.is_at_other.store(true, Ordering::Relaxed);
        self.inner().push(push)
    }
}

#[test]
fn a_push_to_a_server_with_older_versions_writes_over_nothing() {
    let host = Host::start();
    let (mut a, mut b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "first\n");
    settle(&[&a, &b]);
    let (_, _, folder) = host.stop();
    let moved = copy(&folder);
    let host = Host::resume(folder, &[]);
    a.move_to(&moved);
    a.write("ideas/a.md", "of a\n");
    a.sync();
    b.move_to(&host);
    let at_copy = Device::new(&moved, "b");
    b.write("ideas/a.md", "of b\n");
    b.sync();
    b.write("ideas/a.md", "of b, once more\n");
    let switch = Switch {
        from: b.remote(),
        to: at_copy.remote(),
        is_at_other: false.into(),
    };
    let report = b.try_sync(&switch, false).unwrap();
    assert_eq!(report.conflicts.len(), 1, "{report:?}");
    b.move_to(&moved);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "of a\n");
    let kept = files.values().any(|text| text == "of b, once more\n");
    assert!(kept, "{files:?}");
}
