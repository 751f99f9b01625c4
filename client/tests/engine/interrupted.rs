//! What was done and not remembered, and what was sent and not answered.

use kamisync::error::SyncError;
use kamisync::remote::RemoteError;
use support::Host;

use crate::device::{Device, settle};
use crate::lossy::Lossy;

/// What the client asks for at once.
const FILES_OF_A_PAGE: usize = 250;

/// Two devices in sync with `ideas/a.md` and others.
fn pair(host: &Host) -> (Device, Device) {
    let (a, b) = (Device::new(host, "a"), Device::new(host, "b"));
    for name in ["a", "b", "c"] {
        a.write(&format!("ideas/{name}.md"), &format!("{name}\n"));
    }
    settle(&[&a, &b]);
    (a, b)
}

#[test]
fn a_round_that_remembers_nothing_is_done_again_without_harm() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "edited\n");
    a.delete("ideas/b.md");
    a.write("ideas/new.md", "new\n");
    a.forgetting(|| a.sync());
    let report = a.sync();
    assert!(
        report.conflicts.is_empty() && report.is_in_step(),
        "{report:?}"
    );
    b.forgetting(|| b.sync());
    let report = b.sync();
    assert!(
        report.conflicts.is_empty() && report.is_in_step(),
        "{report:?}"
    );
    let files = settle(&[&a, &b]);
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["ideas/a.md", "ideas/c.md", "ideas/new.md"]
    );
}

#[test]
fn what_was_taken_and_not_remembered_is_no_edit() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "two\n");
    a.sync();
    b.forgetting(|| b.sync());
    a.write("ideas/a.md", "three\n");
    a.sync();
    assert_eq!(b.read("ideas/a.md").as_deref(), Some("two\n"));
    let report = b.sync();
    assert!(report.conflicts.is_empty(), "{report:?}");
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "three\n");
}

#[test]
fn what_was_taken_and_not_remembered_does_not_bring_back_what_was_undone() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "one\ntwo\nthree\n");
    settle(&[&a, &b]);
    a.write("ideas/a.md", "ONE\ntwo\nthree\n");
    a.sync();
    b.forgetting(|| b.sync());
    a.write("ideas/a.md", "one\ntwo\nTHREE\n");
    a.sync();
    let report = b.sync();
    assert!(report.merged.is_empty(), "{report:?}");
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "one\ntwo\nTHREE\n");
}

/// A round whose first push is stored and not answered.
fn lose_answer(device: &Device) {
    let lossy = Lossy {
        lost: 1,
        ..Lossy::of(device)
    };
    let error = device.try_sync(&lossy, false).unwrap_err();
    assert!(
        matches!(error, SyncError::Remote(RemoteError::Offline(_))),
        "{error}"
    );
}

#[test]
fn a_file_that_was_edited_further_after_a_lost_answer_is_no_conflict() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    a.write("ideas/new.md", "first\n");
    lose_answer(&a);
    a.write("ideas/a.md", "second\n");
    a.write("ideas/new.md", "second\n");
    b.sync();
    let report = a.sync();
    assert!(
        report.conflicts.is_empty() && report.merged.is_empty(),
        "{report:?}"
    );
    let files = settle(&[&a, &b]);
    assert_eq!(
        (&*files["ideas/a.md"], &*files["ideas/new.md"]),
        ("second\n", "second\n")
    );
}

#[test]
fn a_file_that_was_deleted_or_turned_back_after_a_lost_answer_stays_so() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    a.write("ideas/new.md", "first\n");
    lose_answer(&a);
    a.write("ideas/a.md", "a\n");
    a.delete("ideas/new.md");
    b.sync();
    let report = a.sync();
    assert!(
        report.downloaded.is_empty() && report.conflicts.is_empty(),
        "{report:?}"
    );
    let files = settle(&[&a, &b]);
    assert_eq!(
        (&*files["ideas/a.md"], files.get("ideas/new.md")),
        ("a\n", None)
    );
}

#[test]
fn a_deletion_whose_answer_was_lost_is_done() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.delete("ideas/a.md");
    lose_answer(&a);
    assert!(a.sync().is_in_step());
    a.write("ideas/a.md", "again\n");
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "again\n");
}

#[test]
fn an_edit_of_another_device_after_a_lost_answer_is_kept() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    lose_answer(&a);
    b.sync();
    b.write("ideas/a.md", "of b\n");
    b.sync();
    a.write("ideas/a.md", "second\n");
    a.sync();
    let files = settle(&[&a, &b]);
    assert!(files.values().any(|text| text == "of b\n"), "{files:?}");
    assert!(files.values().any(|text| text == "second\n"), "{files:?}");
}

#[test]
fn a_content_that_arrives_damaged_is_asked_for_again_and_else_keeps_nothing_back() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "edited\n");
    a.write("ideas/z.md", "other\n");
    a.sync();
    let damaging = Lossy {
        damages: Some("ideas/a.md"),
        damages_alone: true,
        ..Lossy::of(&b)
    };
    for downloaded in [1, 0] {
        let report = b.try_sync(&damaging, false).unwrap();
        assert_eq!(report.downloaded.len(), downloaded);
        assert_eq!(report.left[0].path, "ideas/a.md");
        assert!(report.left[0].reason.contains("damaged"), "{report:?}");
        assert_eq!(b.read("ideas/a.md").as_deref(), Some("a\n"));
        assert_eq!(b.read("ideas/z.md").as_deref(), Some("other\n"));
    }
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "edited\n");
    a.write("ideas/a.md", "edited again\n");
    a.sync();
    let once = Lossy {
        damages_alone: false,
        ..damaging
    };
    assert!(b.try_sync(&once, false).unwrap().left.is_empty());
    assert_eq!(b.read("ideas/a.md").as_deref(), Some("edited again\n"));
}

#[test]
fn pages_that_arrived_before_a_failure_are_kept_and_not_asked_for_again() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    let all = 3 * FILES_OF_A_PAGE;
    for number in 0..all {
        a.write(&format!("ideas/{number}.md"), "text\n");
    }
    a.sync();
    let breaking = Lossy {
        pages_left: 2.into(),
        ..Lossy::of(&b)
    };
    let error = b.try_sync(&breaking, false).unwrap_err();
    assert!(
        error.to_string().contains("the connection broke"),
        "{error}"
    );
    assert_eq!(b.files().len(), 2 * FILES_OF_A_PAGE);
    assert_eq!(b.sync().downloaded.len(), FILES_OF_A_PAGE);
    assert_eq!(settle(&[&a, &b]).len(), all);
}

#[test]
fn a_file_that_is_renamed_while_a_round_works_goes_up_in_the_same_round() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/new.md", "new\n");
    let rename = || {
        if a.read("ideas/new.md").is_some() {
            a.rename("ideas/new.md", "tasks/moved.md");
        }
    };
    let remote = Lossy {
        meanwhile: &rename,
        ..Lossy::of(&a)
    };
    let report = a.try_sync(&remote, false).unwrap();
    assert!(report.uploaded.contains("tasks/moved.md"), "{report:?}");
    assert_eq!(settle(&[&a, &b])["tasks/moved.md"], "new\n");
}

#[test]
fn one_program_at_a_time_works_in_a_folder() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    let session = kamisync::round::Session::open(a.folder()).unwrap();
    assert!(matches!(a.fail(), SyncError::Locked(_)));
    drop(session);
    a.sync();
}

#[test]
fn a_round_waits_for_a_command_that_changes_files() {
    let host = Host::start();
    let a = Device::new(&host, "a");
    a.write("ideas/a.md", "a");
    a.sync();
    let b = Device::new(&host, "b");
    std::fs::create_dir_all(b.folder().state_folder()).unwrap();
    let command = kamisync::lock::Lock::to_change_files(&b.folder().state_folder()).unwrap();
    std::thread::scope(|scope| {
        let round = scope.spawn(|| b.sync());
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!(b.read("ideas/a.md"), None);
        drop(command);
        assert_eq!(round.join().unwrap().downloaded.len(), 1);
    });
}

#[test]
fn a_deletion_of_what_was_sent_and_not_answered_stands() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    a.write("ideas/new.md", "first\n");
    lose_answer(&a);
    b.sync();
    b.delete("ideas/a.md");
    b.delete("ideas/new.md");
    b.sync();
    let preview = a.preview();
    let report = a.sync();
    assert_eq!(preview, report);
    assert_eq!(report.deleted_here.len(), 2, "{report:?}");
    assert_eq!(settle(&[&a, &b]).len(), 2);
    assert_eq!(a.trash(), ["first\n", "first\n"]);
}

#[test]
fn a_deletion_of_what_was_taken_and_not_remembered_stands() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    a.write("ideas/new.md", "first\n");
    a.sync();
    b.forgetting(|| b.sync());
    a.delete("ideas/a.md");
    a.delete("ideas/new.md");
    a.sync();
    let report = b.sync();
    assert_eq!(report.deleted_here.len(), 2, "{report:?}");
    assert_eq!(settle(&[&a, &b]).len(), 2);
}

#[test]
fn many_deletions_of_what_was_taken_and_not_remembered_are_asked_about() {
    let host = Host::start();
    let (a, b) = pair(&host);
    let paths: Vec<String> = (0..30).map(|number| format!("ideas/{number}.md")).collect();
    for path in &paths {
        a.write(path, path);
    }
    a.sync();
    b.forgetting(|| b.sync());
    for path in &paths {
        a.delete(path);
    }
    a.fail();
    a.sync_deletions();
    assert!(b.preview().question.is_some());
    assert!(matches!(b.fail(), SyncError::Question(..)));
    assert_eq!(b.files().len(), 33);
    b.write("ideas/news.md", "news\n");
    b.fail();
    assert_eq!(host.client().status("p")["fileCount"], 4);
    assert_eq!(b.bring_back().uploaded.len(), 30);
    assert_eq!(settle(&[&a, &b]).len(), 34);
}

#[test]
fn what_was_edited_after_a_lost_answer_is_not_deleted() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "first\n");
    lose_answer(&a);
    b.sync();
    b.delete("ideas/a.md");
    b.sync();
    a.write("ideas/a.md", "second\n");
    assert!(a.sync().kept.contains("ideas/a.md"));
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "second\n");
}

#[test]
fn a_line_that_was_typed_on_after_a_lost_answer_merges_with_an_edit_of_another_line() {
    let host = Host::start();
    let (a, b) = pair(&host);
    a.write("ideas/a.md", "1\n2\n3\n4\n5\n");
    settle(&[&a, &b]);
    for path in ["ideas/a.md", "ideas/new.md"] {
        a.write(path, "Hel\n2\n3\n4\n5\n");
    }
    lose_answer(&a);
    b.sync();
    for path in ["ideas/a.md", "ideas/new.md"] {
        a.write(path, "Hello\n2\n3\n4\n5\n");
        b.write(path, "Hel\n2\n3\n4\nof b\n");
    }
    b.sync();
    assert_eq!(a.sync().merged.len(), 2);
    let files = settle(&[&a, &b]);
    for path in ["ideas/a.md", "ideas/new.md"] {
        assert_eq!(files[path], "Hello\n2\n3\n4\nof b\n");
    }
}

/// What a round of `b` left that was killed after it had put this text aside in place of `ideas/a.md`.
fn put_aside(b: &Device, text: &str) {
    b.write("ideas/.kamisync-1-2-3-a.md.tmp", text);
}

#[test]
fn a_text_that_was_saved_just_before_a_round_was_killed_is_kept_beside_its_file() {
    let host = Host::start();
    let (a, b) = pair(&host);
    put_aside(&b, "saved just now\n");
    a.write("ideas/a.md", "of a\n");
    a.sync();
    b.write("ideas/a.md", "of a\n");
    let report = b.sync();
    assert_eq!(report.conflicts[0].path, "ideas/a.md", "{report:?}");
    let files = settle(&[&a, &b]);
    assert_eq!(files[&report.conflicts[0].copy], "saved just now\n");
    assert_eq!(files["ideas/a.md"], "of a\n");
    put_aside(&b, "saved just now, too\n");
    a.delete("ideas/a.md");
    a.sync();
    b.delete("ideas/a.md");
    assert_eq!(b.sync().conflicts.len(), 1);
    let files = settle(&[&a, &b]);
    assert!(files.values().any(|text| text == "saved just now, too\n"));
}

#[test]
fn what_a_killed_round_had_from_the_server_is_no_conflict() {
    let host = Host::start();
    let (a, b) = pair(&host);
    // Before it was put into place, or what it had replaced.
    for text in ["of the server\n", "a\n"] {
        put_aside(&b, text);
        assert!(b.sync().conflicts.is_empty());
    }
    b.write("ideas/.kamisync-1-2-3-new.md.tmp", "half of the te");
    assert!(b.sync().conflicts.is_empty());
    a.write("ideas/a.md", "newer\n");
    a.sync();
    put_aside(&b, "a\n");
    b.write("ideas/a.md", "newer\n");
    assert!(b.sync().conflicts.is_empty());
    assert_eq!(settle(&[&a, &b]).len(), 3);
}
