//! Lost state, a restored backup, another history: everything is compared.

use std::fs;

use kamisync::absence::Answer;
use kamisync::error::SyncError;
use kamisync::remote::RemoteError;
use kamisync::report::{Report, Silent};
use kamisync::round::{News, Options, Session, preview};
use kamisync::scan::Touched;
use kamisync::state::State;
use support::{Host, argument, run};

use crate::device::{Device, settle};

fn pair(host: &Host) -> (Device, Device) {
    let (a, b) = (Device::new(host, "a"), Device::new(host, "b"));
    for name in ["a", "b", "c", "d"] {
        a.write(&format!("ideas/{name}.md"), &format!("{name}\n"));
    }
    settle(&[&a, &b]);
    (a, b)
}

/// What was foretold is what was done. Whether two edits can be merged is seen when they are.
fn foretold(preview: &Report, report: &Report) {
    let paths = |report: &Report| {
        let conflicts = report.conflicts.iter();
        conflicts
            .map(|conflict| conflict.path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(preview), paths(report));
    let copies = report.conflicts.iter().map(|conflict| &conflict.copy);
    let copies: Vec<&String> = copies.collect();
    let mut expected = Report {
        conflicts: preview.conflicts.clone(),
        ..report.clone()
    };
    expected.uploaded.retain(|path| !copies.contains(&path));
    expected
        .downloaded
        .retain(|path| !paths(report).contains(path));
    assert_eq!(*preview, expected);
}

fn lose_state(device: &Device) {
    fs::remove_file(device.folder().database()).unwrap();
}

#[test]
fn without_state_nothing_that_others_deleted_comes_back_and_no_edit_is_lost() {
    let host = Host::start();
    let (a, b) = pair(&host);
    lose_state(&a);
    a.write("ideas/new.md", "new\n");
    a.write("ideas/c.md", "c of a\n");
    b.delete("ideas/a.md");
    b.write("ideas/b.md", "b of b\n");
    b.write("ideas/c.md", "c of b\n");
    b.sync();
    let preview = a.preview();
    let report = a.sync();
    foretold(&preview, &report);
    assert!(report.deleted_here.contains("ideas/a.md"), "{report:?}");
    assert!(report.downloaded.contains("ideas/b.md"));
    assert_eq!(report.conflicts.len(), 1);
    let files = settle(&[&a, &b]);
    assert_eq!(files.get("ideas/a.md"), None);
    assert_eq!(files["ideas/c.md"], "c of b\n");
    assert!(files.values().any(|text| text == "c of a\n"));
    assert_eq!(files["ideas/new.md"], "new\n");
}

#[test]
fn without_state_nothing_is_sent_or_fetched_twice() {
    let host = Host::start();
    let (a, b) = pair(&host);
    lose_state(&a);
    assert!(a.preview().is_in_step());
    assert!(a.sync().is_in_step());
    let cursor = host.client().status("p")["cursor"].clone();
    a.write("ideas/a.md", "edited\n");
    assert_eq!(a.sync().uploaded.len(), 1);
    assert_ne!(host.client().status("p")["cursor"], cursor);
    settle(&[&a, &b]);
}

/// A file sync brings what another device remembers before it brings the files.
#[test]
fn what_another_device_remembers_deletes_nothing() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/new.md", "new\n");
    a.write("ideas/a.md", "newer\n");
    a.delete("ideas/b.md");
    a.sync();
    b.write("ideas/c.md", "c of b\n");
    fs::copy(a.folder().database(), b.folder().database()).unwrap();
    let preview = b.preview();
    let report = b.sync();
    assert!(report.deleted_there.is_empty(), "{report:?}");
    assert!(report.downloaded.contains("ideas/new.md"), "{report:?}");
    foretold(&preview, &report);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/new.md"], "new\n");
    assert_eq!(files["ideas/a.md"], "newer\n");
    assert!(!files.contains_key("ideas/b.md"));
    assert!(files.values().any(|text| text == "c of b\n"), "{files:?}");
}

#[test]
fn a_folder_that_the_cli_has_filled_is_taken_over() {
    let host = Host::start();
    let (a, _) = pair(&host);
    let c = Device::new(&host, "c");
    for name in ["a", "b", "c"] {
        c.write(&format!("ideas/{name}.md"), &format!("{name}\n"));
    }
    c.write("ideas/own.md", "own\n");
    let preview = c.preview();
    let report = c.sync();
    foretold(&preview, &report);
    assert_eq!((report.downloaded.len(), report.uploaded.len()), (1, 1));
    assert_eq!(settle(&[&a, &c]).len(), 5);
}

#[test]
fn a_device_without_state_gets_many_files_in_few_requests() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    for number in 0..300 {
        a.write(&format!("ideas/{number}.md"), &format!("text {number}\n"));
    }
    a.sync();
    let b = Device::new(&host, "b");
    b.write("ideas/7.md", "text 7\n");
    b.write("ideas/8.md", "another text\n");
    let report = b.sync();
    assert_eq!((report.downloaded.len(), report.conflicts.len()), (299, 1));
    assert_eq!(settle(&[&a, &b]).len(), 301);
}

/// The server goes back to a backup: what came after it is only on the devices.
#[test]
fn after_a_restored_backup_the_devices_bring_back_what_it_lacks() {
    let host = Host::start();
    let (mut a, mut b) = pair(&host);
    let database = host.database();
    let backup = database.with_file_name("backup.db");
    run(&database, &["backup", argument(&backup)]).good();
    a.write("ideas/a.md", "a after the backup\n");
    a.write("ideas/new.md", "new after the backup\n");
    a.delete("ideas/b.md");
    settle(&[&a, &b]);
    b.write("ideas/c.md", "c not yet synced\n");
    let (_, _, folder) = host.stop();
    run(&database, &["restore", argument(&backup)]).good();
    let host = Host::resume(folder, &[]);
    a.move_to(&host);
    b.move_to(&host);
    let preview = a.preview();
    foretold(&preview, &a.sync());
    let preview = b.preview();
    foretold(&preview, &b.sync());
    let files = settle(&[&b, &a]);
    assert_eq!(files["ideas/a.md"], "a after the backup\n");
    assert_eq!(files["ideas/new.md"], "new after the backup\n");
    assert_eq!(files["ideas/c.md"], "c not yet synced\n");
    assert_eq!(files["ideas/d.md"], "d\n");
    // It was deleted after the backup, so the backup has it; only a person can say what was meant.
    assert_eq!(files["ideas/b.md"], "b\n");
}

/// Two devices at a server that was restored from a backup: the first had edited a file since.
fn after_a_lost_edit() -> (Host, Device, Device) {
    let host = Host::start();
    let (mut a, mut b) = pair(&host);
    let database = host.database();
    let backup = database.with_file_name("backup.db");
    run(&database, &["backup", argument(&backup)]).good();
    a.write("ideas/a.md", "a after the backup\n");
    a.sync();
    let (_, _, folder) = host.stop();
    run(&database, &["restore", argument(&backup)]).good();
    let host = Host::resume(folder, &[]);
    a.move_to(&host);
    b.move_to(&host);
    (host, a, b)
}

#[test]
fn an_edit_of_a_text_that_the_server_has_lost_is_no_conflict() {
    let (host, a, _) = after_a_lost_edit();
    a.write("ideas/a.md", "a after the restore\n");
    let report = a.sync();
    assert!(report.conflicts.is_empty(), "{report:?}");
    let c = Device::new(&host, "c");
    let files = settle(&[&a, &c]);
    assert_eq!(files["ideas/a.md"], "a after the restore\n");
    assert_eq!(files.len(), 4);
}

#[test]
fn edits_on_both_sides_of_a_restored_backup_are_both_kept() {
    let (_host, a, b) = after_a_lost_edit();
    b.write("ideas/a.md", "of b, after the restore\n");
    b.sync();
    a.sync();
    let files = settle(&[&a, &b]);
    assert!(
        files.values().any(|text| text == "a after the backup\n"),
        "{files:?}"
    );
    assert!(
        files
            .values()
            .any(|text| text == "of b, after the restore\n"),
        "{files:?}"
    );
}

#[test]
fn a_project_that_was_deleted_is_filled_again_when_a_person_says_so() {
    let host = Host::start();
    let (a, b) = pair(&host);
    assert_eq!(host.client().delete("/v1/projects/p").status, 200);
    b.write("ideas/a.md", "edited\n");
    for device in [&a, &b] {
        let deleted = |error| matches!(error, SyncError::Remote(RemoteError::Deleted));
        assert!(deleted(device.fail()));
        assert!(deleted(device.try_sync(device.remote(), true).unwrap_err()));
        let preview = preview(&device.folder(), device.remote(), "a");
        assert!(deleted(preview.unwrap_err()));
        assert_eq!(device.files().len(), 4);
    }
    assert_eq!(host.client().status("p")["fileCount"], 0);
    assert_eq!(a.bring_back().uploaded.len(), 4);
    let preview = b.preview();
    let report = b.sync();
    foretold(&preview, &report);
    assert!(report.deleted_here.is_empty());
    let files = settle(&[&a, &b]);
    assert_eq!(files.len(), 4);
    assert_eq!(files["ideas/a.md"], "edited\n");
}

#[test]
fn a_server_that_was_set_up_anew_gets_all_files() {
    let (mut a, mut b) = pair(&Host::start());
    let host = Host::start();
    a.move_to(&host);
    b.move_to(&host);
    let preview = a.preview();
    assert_eq!(preview.uploaded.len(), 4);
    foretold(&preview, &a.sync());
    assert_eq!(settle(&[&a, &b]).len(), 4);
}

#[test]
fn a_cursor_that_the_server_cannot_read_is_as_good_as_none() {
    let host = Host::start();
    let (a, b) = pair(&host);
    State::open(&a.folder())
        .unwrap()
        .set_cursor(Some("v2:abc"))
        .unwrap();
    b.write("ideas/a.md", "edited\n");
    b.sync();
    assert_eq!(a.preview().downloaded.len(), 1);
    assert_eq!(a.sync().downloaded.len(), 1);
    settle(&[&a, &b]);
}

/// A project `p` that was deleted and begun again with another note.
fn begun_again(host: &Host) {
    host.client().delete("/v1/projects/p").good();
    host.client()
        .push_files("p", &[("ideas/other.md", "other\n")])
        .good();
}

#[test]
fn a_project_that_was_begun_again_is_not_filled_with_the_old_files_unasked() {
    let host = Host::start();
    let (a, b) = pair(&host);
    begun_again(&host);
    b.write("ideas/a.md", "edited\n");
    for device in [&a, &b] {
        let deleted = |error| matches!(error, SyncError::Remote(RemoteError::Deleted));
        for _ in 0..2 {
            assert!(deleted(device.fail()));
        }
        let preview = preview(&device.folder(), device.remote(), "a");
        assert!(deleted(preview.unwrap_err()));
        assert_eq!(device.files().len(), 4);
    }
    assert_eq!(host.client().status("p")["fileCount"], 1);
    a.bring_back();
    assert_eq!(settle(&[&a, &b]).len(), 5);
}

#[test]
fn what_is_saved_does_not_go_to_a_project_that_was_begun_again_before_that_is_known() {
    let host = Host::start();
    let (a, _) = pair(&host);
    let mut session = Session::open(a.folder()).unwrap();
    let options = Options {
        device: "a",
        answer: Answer::None,
        progress: &Silent,
    };
    session.sync(a.remote(), &options).unwrap();
    begun_again(&host);
    a.write("ideas/a.md", "edited\n");
    let news = News {
        here: Touched::Anything,
        there: false,
    };
    let deleted = session.sync_news(a.remote(), &options, &news).unwrap_err();
    assert!(matches!(deleted, SyncError::Remote(RemoteError::Deleted)));
    assert_eq!(host.client().status("p")["fileCount"], 1);
}
