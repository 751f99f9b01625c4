//! What a person has chosen holds until they choose otherwise, whatever becomes of the files that say it.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use support::{Host, KEY, Process, finished};

use crate::watch::watching;
use crate::{Device, eventually};

/// How many files a project has.
fn files(host: &Host, project: &str) -> u64 {
    host.client().status(project)["fileCount"].as_u64().unwrap()
}

/// What the server has of a file.
fn text(host: &Host, path: &str) -> String {
    let path = format!("/v1/projects/p/files/{path}");
    let answer = host.client().get(&path);
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

#[test]
fn another_project_in_the_settings_gets_nothing_until_the_folder_is_linked_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/diary.md", "private");
    laptop.run(&["sync"]).good();
    let settings = laptop.root().join(".kamirc.json");
    let other = fs::read_to_string(&settings).unwrap();
    let other = other.replace("\"p\"", "\"shared\"");
    fs::write(&settings, other).unwrap();
    let refused = |key: Option<&str>| {
        for command in ["sync", "status", "watch"] {
            let mut command = laptop.command(&[command]);
            if let Some(key) = key {
                command.env("KAMISYNC_KEY", key);
            }
            let refused = finished(command.output().unwrap());
            assert_eq!(refused.code, Some(2), "{refused:?}");
            let says = refused.err.contains("kamisync link") && refused.err.contains("shared");
            assert!(says, "{refused:?}");
        }
    };
    refused(None);
    refused(Some(KEY));
    // As in a folder that was linked before this was kept.
    let kept = laptop.place(".sync/kamisync.project");
    let before = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    refused(None);
    refused(Some(KEY));
    fs::write(&kept, before).unwrap();
    assert_eq!(files(&host, "shared"), 0);
    laptop.run(&["link", &host.url]).good();
    laptop.run(&["sync"]).good();
    assert_eq!((files(&host, "shared"), files(&host, "p")), (1, 1));
}

#[test]
fn the_patterns_of_a_kamiignore_that_is_gone_hold_until_it_is_there_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write(".kamiignore", "private/\n");
    laptop.write("ideas/private/a.md", "secret");
    laptop.run(&["sync"]).good();
    let watch = watching(&laptop);
    laptop.write("ideas/b.md", "b");
    eventually("a first file is up", || files(&host, "p") == 1);
    fs::remove_file(laptop.place(".kamiignore")).unwrap();
    laptop.write("ideas/private/new.md", "secret");
    laptop.write("ideas/c.md", "c");
    eventually("the others go on", || files(&host, "p") == 2);
    drop(watch);
    for command in ["status", "sync"] {
        let said = laptop.run(&[command]).out;
        assert!(said.contains("skipped: .kamiignore: it is gone"), "{said}");
    }
    assert_eq!(files(&host, "p"), 2);
    laptop.write(".kamiignore", "");
    assert!(!laptop.run(&["sync"]).good().contains("skipped"));
    assert_eq!(files(&host, "p"), 4);
    fs::remove_file(laptop.place(".kamiignore")).unwrap();
    assert_eq!(laptop.run(&["sync"]).good(), "In sync.\n");
}

#[test]
fn a_kamiignore_that_leads_nowhere_is_told_and_nothing_goes_up() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/private/a.md", "secret");
    symlink(laptop.root().join("away"), laptop.place(".kamiignore")).unwrap();
    for command in ["sync", "status"] {
        let refused = laptop.run(&[command]);
        let says = refused.code == Some(2) && refused.err.contains(".kamiignore");
        assert!(says, "{refused:?}");
    }
    assert_eq!(files(&host, "p"), 0);
}

#[test]
fn a_category_that_becomes_a_link_is_held_back_until_the_folder_is_linked_again() {
    let (host, elsewhere) = (Host::start(), tempfile::tempdir().unwrap());
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    laptop.write("archive/old.md", "old");
    laptop.run(&["sync"]).good();
    for (number, before) in [(1, 2), (2, 3)] {
        let target = elsewhere.path().join(number.to_string());
        fs::create_dir(&target).unwrap();
        fs::write(target.join(format!("tax {number}.md")), "tax").unwrap();
        fs::write(target.join("old.md"), "old").unwrap();
        let archive = laptop.place("archive");
        fs::remove_dir_all(&archive)
            .or_else(|_| fs::remove_file(&archive))
            .unwrap();
        symlink(&target, &archive).unwrap();
        let held = laptop.run(&["sync"]);
        assert_eq!(held.code, Some(1), "{held:?}");
        let target = target.canonicalize().unwrap().display().to_string();
        let says = held.out.contains(&target) && held.err.contains("kamisync link");
        assert!(says, "{held:?}");
        assert_eq!(files(&host, "p"), before);
        laptop.run(&["link", &host.url]).good();
        laptop.run(&["sync"]).good();
        assert!(text(&host, &format!("archive%2Ftax%20{number}.md")).contains("tax"));
    }
}

#[test]
fn a_watch_hears_of_saves_behind_a_link_that_was_made_meanwhile() {
    let (host, elsewhere) = (Host::start(), tempfile::tempdir().unwrap());
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    let _watch = watching(&laptop);
    eventually("the first file is up", || files(&host, "p") == 1);
    let tax = elsewhere.path().join("tax.md");
    fs::write(&tax, "1").unwrap();
    symlink(elsewhere.path(), laptop.place("archive")).unwrap();
    laptop.write("ideas/b.md", "b");
    eventually("the others go on", || files(&host, "p") == 2);
    laptop.run(&["link", &host.url]).good();
    laptop.write("ideas/c.md", "c");
    eventually("all is up", || files(&host, "p") == 4);
    fs::write(&tax, "2").unwrap();
    eventually("a save is up", || {
        text(&host, "archive%2Ftax.md").contains('2')
    });
}

#[test]
fn a_project_that_was_deleted_is_filled_again_only_when_a_person_says_so() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "to be forgotten");
    let said = laptop.root().join("said");
    let mut watch = laptop.command(&["watch"]);
    let watch = watch.stdout(Stdio::null());
    let watch = Process::start(watch.stderr(fs::File::create(&said).unwrap()));
    eventually("it is up", || files(&host, "p") == 1);
    host.client().delete("/v1/projects/p").good();
    eventually("it is told", || {
        fs::read_to_string(&said)
            .unwrap()
            .contains("was deleted on the server")
    });
    laptop.write("ideas/b.md", "b");
    for command in [&["sync"][..], &["status"], &["sync", "--accept-deletions"]] {
        // The watch may have a round now.
        eventually("a round is refused", || {
            let refused = laptop.run(command);
            refused.code == Some(5) && refused.err.contains("--bring-back")
        });
    }
    assert_eq!(files(&host, "p"), 0);
    assert_eq!(
        laptop.read("ideas/a.md").as_deref(),
        Some("to be forgotten")
    );
    drop(watch);
    laptop.run(&["sync", "--bring-back"]).good();
    assert_eq!(files(&host, "p"), 2);
    assert_eq!(laptop.run(&["sync"]).good(), "In sync.\n");
}
