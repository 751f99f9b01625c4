//! Absence is not deletion.

use kamisync::absence::Question;
use kamisync::error::SyncError;
use support::Host;

use crate::device::{Device, settle};

fn pair(host: &Host, files: usize) -> (Device, Device) {
    let (a, b) = (Device::new(host, "a"), Device::new(host, "b"));
    for number in 0..files {
        a.write(
            &format!("ideas/sub/{number}.md"),
            &format!("text {number}\n"),
        );
    }
    settle(&[&a, &b]);
    (a, b)
}

fn question(error: SyncError) -> Question {
    match error {
        SyncError::Question(question, _) => question,
        other => panic!("{other}"),
    }
}

#[test]
fn when_most_files_are_gone_a_person_is_asked_on_both_sides() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    for number in 0..25 {
        a.delete(&format!("ideas/sub/{number}.md"));
    }
    let asked = |device: &Device| device.preview().question.unwrap_or_default();
    assert!(asked(&a).starts_with("25 of 40 files are gone"));
    assert_eq!(question(a.fail()), Question::GoneHere(25, 40));
    assert!(b.sync().is_in_step());
    assert_eq!(a.sync_deletions().deleted_there.len(), 25);
    assert!(asked(&b).starts_with("25 of 40 files were deleted"));
    assert_eq!(question(b.fail()), Question::GoneThere(25, 40));
    assert_eq!(b.files().len(), 40);
    assert_eq!(b.sync_deletions().deleted_here.len(), 25);
    assert_eq!(settle(&[&a, &b]).len(), 15);
    assert_eq!(b.trash().len(), 25);
}

#[test]
fn an_answer_is_for_what_was_asked_and_for_nothing_else() {
    let host = Host::start();
    let (a, b) = pair(&host, 30);
    for number in 0..25 {
        a.write(&format!("tasks/{number}.md"), &format!("task {number}\n"));
    }
    settle(&[&a, &b]);
    for number in 0..25 {
        b.delete(&format!("tasks/{number}.md"));
    }
    assert_eq!(b.sync().deleted_there.len(), 25);
    for number in 0..29 {
        a.delete(&format!("ideas/sub/{number}.md"));
    }
    let answer = || question(a.try_sync(a.remote(), true).unwrap_err());
    // Nobody has seen it yet.
    assert_eq!(answer(), Question::GoneHere(29, 55));
    a.delete("ideas/sub/29.md");
    assert_eq!(answer(), Question::GoneHere(30, 55));
    assert_eq!(answer(), Question::GoneThere(25, 25));
    // What was answered is done.
    assert_eq!(question(a.fail()), Question::GoneThere(25, 25));
    assert_eq!(a.files().len(), 25);
    let report = a.sync_deletions();
    let (here, there) = (report.deleted_here.len(), report.deleted_there.len());
    assert_eq!((here, there), (25, 0));
    // Old answers are for nothing that comes later.
    assert!(settle(&[&a]).is_empty());
}

#[test]
fn an_empty_folder_is_asked_about_however_few_files_it_had() {
    let host = Host::start();
    let (a, b) = pair(&host, 3);
    std::fs::remove_dir_all(a.place("ideas")).unwrap();
    assert_eq!(question(a.fail()), Question::GoneHere(3, 3));
    std::fs::create_dir(a.place("ideas")).unwrap();
    assert_eq!(question(a.fail()), Question::GoneHere(3, 3));
    assert_eq!(b.sync().deleted_here.len(), 0);
}

#[test]
fn a_folder_that_is_gone_with_its_files_is_asked_about_and_single_files_are_not() {
    let host = Host::start();
    let (a, b) = pair(&host, 10);
    for path in ["tasks/1.md", "tasks/2.md", "archive/1.md"] {
        a.write(path, path);
    }
    settle(&[&a, &b]);
    std::fs::remove_dir_all(a.place("archive")).unwrap();
    assert_eq!(a.sync().deleted_there.len(), 1);
    std::fs::remove_dir_all(a.place("tasks")).unwrap();
    let expected = Question::NoFolder("tasks".to_owned(), 2);
    assert_eq!(question(a.fail()), expected);
    std::fs::create_dir(a.place("tasks")).unwrap();
    assert_eq!(a.sync().deleted_there.len(), 2);
    assert_eq!(settle(&[&a, &b]).len(), 10);
}

#[test]
fn deletions_in_portions_add_up_on_both_sides() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    let delete = |from: usize, to: usize| {
        for number in from..to {
            a.delete(&format!("ideas/sub/{number}.md"));
        }
    };
    delete(0, 15);
    assert_eq!(a.sync().deleted_there.len(), 15);
    assert_eq!(b.sync().deleted_here.len(), 15);
    delete(15, 25);
    let asked = a.preview().question.unwrap_or_default();
    assert!(asked.starts_with("25 of 40 files are gone"), "{asked}");
    assert_eq!(question(a.fail()), Question::GoneHere(25, 40));
    assert_eq!(a.sync_deletions().deleted_there.len(), 10);
    assert_eq!(question(b.fail()), Question::GoneThere(25, 40));
    assert_eq!(b.sync_deletions().deleted_here.len(), 10);
    // What was meant counts no longer.
    delete(25, 30);
    assert_eq!(a.sync().deleted_there.len(), 5);
    assert_eq!(settle(&[&a, &b]).len(), 10);
}

#[test]
fn what_is_gone_by_mistake_comes_back_and_a_rename_stays() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    a.write("ideas/old.md", "renamed\n");
    settle(&[&a, &b]);
    std::fs::remove_dir_all(a.place("ideas/sub")).unwrap();
    a.rename("ideas/old.md", "tasks/new.md");
    b.write("ideas/sub/1.md", "edited\n");
    b.delete("ideas/sub/2.md");
    b.sync();
    assert_eq!(question(a.fail()), Question::GoneHere(40, 41));
    let report = a.bring_back();
    assert_eq!(report.downloaded.len(), 39, "{report:?}");
    assert_eq!(report.deleted_there.len(), 1, "{report:?}");
    assert_eq!(a.read("ideas/sub/1.md").as_deref(), Some("edited\n"));
    let files = settle(&[&a, &b]);
    assert_eq!(files.len(), 40);
    assert_eq!(files["tasks/new.md"], "renamed\n");
}

#[test]
fn what_others_deleted_by_mistake_is_kept_and_goes_up_again() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    a.write("ideas/old.md", "renamed\n");
    settle(&[&a, &b]);
    std::fs::remove_dir_all(a.place("ideas/sub")).unwrap();
    a.rename("ideas/old.md", "tasks/new.md");
    a.fail();
    a.sync_deletions();
    b.fail();
    let report = b.bring_back();
    assert_eq!((report.kept.len(), report.uploaded.len()), (40, 40));
    assert_eq!(report.deleted_here.len(), 1, "{report:?}");
    let files = settle(&[&a, &b]);
    assert_eq!(files.len(), 41);
    assert!(!files.contains_key("ideas/old.md"));
}

#[test]
fn what_is_saved_goes_up_while_a_question_about_other_devices_waits() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    std::fs::remove_dir_all(a.place("ideas/sub")).unwrap();
    a.fail();
    a.sync_deletions();
    let before = b.files().len();
    for text in ["begun", "done"] {
        b.write("ideas/thesis.md", text);
        assert!(matches!(b.fail(), SyncError::Question(..)));
        a.sync();
        assert_eq!(a.read("ideas/thesis.md").as_deref(), Some(text));
        assert_eq!(b.files().len(), before + 1);
    }
    a.write("ideas/news.md", "news");
    a.sync();
    b.fail();
    assert_eq!(b.read("ideas/news.md").as_deref(), Some("news"));
    assert_eq!(b.sync_deletions().deleted_here.len(), 40);
    assert_eq!(settle(&[&a, &b]).len(), before + 2 - 40);
}

#[test]
fn files_that_come_and_go_are_no_absence() {
    let host = Host::start();
    let (a, b) = pair(&host, 5);
    for number in 0..30 {
        let path = format!("ideas/{number}.md");
        a.write(&path, &path);
        settle(&[&a, &b]);
        a.delete(&path);
        assert_eq!(a.sync().deleted_there.len(), 1);
        assert_eq!(b.sync().deleted_here.len(), 1);
    }
    assert_eq!(settle(&[&a, &b]).len(), 5);
}

#[test]
fn the_only_file_is_asked_about_when_its_folder_is_gone_too() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "a");
    settle(&[&a, &b]);
    std::fs::remove_dir_all(a.place("ideas")).unwrap();
    let only = Question::NoFolder("ideas".to_owned(), 1);
    assert_eq!(question(a.fail()), only);
    std::fs::create_dir(a.place("ideas")).unwrap();
    assert_eq!(a.sync().deleted_there.len(), 1);
}

#[test]
fn a_renamed_folder_is_no_absence() {
    let host = Host::start();
    let (a, b) = pair(&host, 40);
    a.rename("ideas/sub", "tasks/other");
    assert_eq!(a.sync().uploaded.len(), 40);
    assert_eq!(b.sync().deleted_here.len(), 40);
    assert_eq!(settle(&[&a, &b]).len(), 40);
}

#[test]
fn what_cannot_be_read_is_not_deleted() {
    let host = Host::start();
    let (a, b) = pair(&host, 3);
    let aside = a.place("aside");
    std::fs::rename(a.place("ideas/sub"), &aside).unwrap();
    std::os::unix::fs::symlink(&aside, a.place("ideas/sub")).unwrap();
    let report = a.sync();
    assert!(report.deleted_there.is_empty());
    assert_eq!(report.left[0].path, "ideas/sub");
    assert!(b.sync().is_in_step());
    // The whole category on another disk that is not there.
    std::fs::rename(a.place("ideas"), a.place("ideas before")).unwrap();
    std::os::unix::fs::symlink("/nowhere", a.place("ideas")).unwrap();
    a.write("tasks/new.md", "new");
    let report = a.sync();
    assert_eq!((report.uploaded.len(), report.deleted_there.len()), (1, 0));
    assert!(report.unread.contains("ideas"), "{report:?}");
    assert_eq!(b.sync().downloaded.len(), 1);
}

#[test]
fn a_category_on_another_disk_that_lacks_files_is_asked_about() {
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        return eprintln!("skipped: there is no second disk");
    };
    let host = Host::start();
    let (a, _) = pair(&host, 5);
    std::fs::rename(a.place("ideas"), a.place("ideas before")).unwrap();
    // At first the other disk is not there.
    std::os::unix::fs::symlink("/nowhere", a.place("ideas")).unwrap();
    a.sync();
    a.delete("ideas");
    std::os::unix::fs::symlink(other.path(), a.place("ideas")).unwrap();
    a.folder().confirm_links().unwrap();
    a.write("ideas/sub/0.md", "text 0\n");
    let is_other = std::os::unix::fs::MetadataExt::dev(&other.path().metadata().unwrap())
        != std::os::unix::fs::MetadataExt::dev(&a.place("ideas before").metadata().unwrap());
    if is_other {
        assert_eq!(question(a.fail()), Question::OtherDisk("ideas".to_owned()));
    }
    for number in 1..5 {
        a.write(
            &format!("ideas/sub/{number}.md"),
            &format!("text {number}\n"),
        );
    }
    assert!(a.sync().is_in_step());
    // A file may be removed there too.
    a.delete("ideas/sub/0.md");
    assert_eq!(a.sync().deleted_there.len(), 1);
}
