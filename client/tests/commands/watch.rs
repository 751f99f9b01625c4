//! `watch`: two devices, and what may happen to them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use support::{Host, Process, free_port};

use crate::{Device, eventually};

/// Watches the folder of a device, until the result is dropped.
pub fn watching(device: &Device) -> Process {
    let mut watch = device.command(&["watch"]);
    Process::start(watch.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn has(device: &Device, path: &str, text: &str) -> bool {
    device.read(path).as_deref() == Some(text)
}

/// A server that keeps its port when it is started again.
fn lasting() -> (Host, String) {
    let port = free_port().to_string();
    (Host::with(&[("PORT", &port)]), port)
}

#[test]
fn two_devices_see_each_others_edits_and_deletions() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    laptop.write("ideas/a.md", "1");
    let _watches = [watching(&laptop), watching(&phone)];
    eventually("the first file is there", || has(&phone, "ideas/a.md", "1"));
    phone.write("ideas/a.md", "2");
    eventually("an edit comes back", || has(&laptop, "ideas/a.md", "2"));
    laptop.write("tasks/new/b.md", "b");
    eventually("a new folder is there", || {
        has(&phone, "tasks/new/b.md", "b")
    });
    fs::rename(phone.place("tasks/new/b.md"), phone.place("tasks/c.md")).unwrap();
    eventually("a renamed file is there", || {
        has(&laptop, "tasks/c.md", "b")
    });
    eventually("under its new name alone", || {
        laptop.read("tasks/new/b.md").is_none()
    });
    fs::remove_file(laptop.place("ideas/a.md")).unwrap();
    eventually("a deletion is there", || phone.read("ideas/a.md").is_none());
}

/// Where its threads have memory of their own, each has 64 MB of addresses for it.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[test]
fn all_threads_of_a_watch_share_their_memory() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "1");
    let watch = watching(&laptop);
    eventually("it is up", || host.client().status("p")["fileCount"] == 1);
    let maps = fs::read_to_string(format!("/proc/{}/maps", watch.id())).unwrap();
    let number = |hex| u64::from_str_radix(hex, 16).unwrap();
    let own = maps.lines().filter(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        rest.starts_with("---p") && number(to) - number(from) > 32 << 20
    });
    assert_eq!(own.count(), 0, "{maps}");
}

#[test]
fn a_file_that_cannot_go_up_is_told() {
    let host = Host::with(&[("MAX_FILE_SIZE", "1000")]);
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/large.md", &"x".repeat(1001));
    let mut watch = laptop.command(&["watch"]);
    let mut watch = Process::start(watch.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut said = BufReader::new(watch.stderr.take().unwrap()).lines();
    let line = said.next().unwrap().unwrap();
    let expected =
        "ideas/large.md is skipped: it is larger than the 1000 bytes that the server takes.";
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn it_goes_on_after_the_server_was_away() {
    let (host, port) = lasting();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    let _watches = [watching(&laptop), watching(&phone)];
    laptop.write("ideas/a.md", "1");
    eventually("the first file is there", || has(&phone, "ideas/a.md", "1"));
    let data = host.kill();
    laptop.write("ideas/a.md", "2");
    phone.write("ideas/b.md", "b");
    let _host = Host::resume(data, &[("PORT", &port)]);
    eventually("what was saved meanwhile went up", || {
        has(&phone, "ideas/a.md", "2")
    });
    eventually("in both directions", || has(&laptop, "ideas/b.md", "b"));
}

#[test]
fn it_may_begin_while_the_server_is_away() {
    let (host, port) = lasting();
    let laptop = Device::linked("laptop", &host);
    let data = host.kill();
    let _watch = watching(&laptop);
    laptop.write("ideas/a.md", "1");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let host = Host::resume(data, &[("PORT", &port)]);
    let is_stored = || host.client().get("/v1/projects/p/files/ideas/a.md").bytes == b"1";
    eventually("it is stored", is_stored);
}

#[test]
fn a_killed_watch_loses_nothing_and_the_next_one_goes_on() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    let _watch = watching(&phone);
    for round in 0..5 {
        let watch = watching(&laptop);
        for number in 0..20 {
            laptop.write(&format!("ideas/{number}.md"), &format!("{round}"));
        }
        eventually("something is there", || {
            has(&phone, "ideas/0.md", &round.to_string())
        });
        drop(watch);
    }
    let _watch = watching(&laptop);
    let is_there = |number| has(&phone, &format!("ideas/{number}.md"), "4");
    eventually("everything is there", || (0..20).all(is_there));
}

#[test]
fn a_second_program_in_the_folder_is_told() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let _watch = watching(&laptop);
    laptop.write("ideas/a.md", "1");
    let is_stored = || host.client().get("/v1/projects/p/files/ideas/a.md").status == 200;
    eventually("it watches", is_stored);
    for command in ["sync", "watch"] {
        let second = laptop.run(&[command]);
        assert_eq!(second.code, Some(6), "{second:?}");
    }
    // What only asks the server is not kept away.
    assert!(laptop.run(&["log", "ideas/a.md"]).good().contains("laptop"));
}

#[test]
fn a_folder_that_is_not_linked_is_not_watched() {
    let finished = Device::new("laptop").run(&["watch"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_folder_that_goes_away_deletes_nothing_and_is_taken_up_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "1");
    let _watch = watching(&laptop);
    let stored =
        |text: &str| host.client().get("/v1/projects/p/files/ideas/a.md").bytes == text.as_bytes();
    eventually("it is stored", || stored("1"));
    let (here, away) = (laptop.place(""), laptop.root().join("away"));
    fs::rename(&here, &away).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(stored("1"), "absence is not deletion");
    fs::rename(&away, &here).unwrap();
    laptop.write("ideas/a.md", "2");
    eventually("it goes on", || stored("2"));
}

#[test]
fn another_key_and_other_settings_need_no_new_start() {
    let host = Host::start();
    let body = serde_json::json!({ "name": "laptop", "scope": "write" });
    let made = host.client().post("/v1/keys", &body).json;
    let laptop = Device::new("laptop");
    let link = |key: &str| {
        let mut link = laptop.command(&["link", &host.url, "--project", "p"]);
        link.env("KAMISYNC_KEY", key).stdout(Stdio::null());
        assert!(link.status().unwrap().success());
    };
    link(made["key"].as_str().unwrap());
    let _watch = watching(&laptop);
    laptop.write("ideas/a.md", "1");
    let stored = |path: &str| {
        let answer = host
            .client()
            .get(&format!("/v1/projects/p/files/ideas/{path}"));
        (answer.status == 200).then_some(answer.bytes)
    };
    eventually("it is stored", || stored("a.md").as_deref() == Some(b"1"));
    let revoked = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    host.client().delete(&revoked).good();
    laptop.write("ideas/a.md", "2");
    link(support::KEY);
    eventually("it goes on with the new key", || {
        stored("a.md").as_deref() == Some(b"2")
    });
    laptop.write(".kamiignore", "private.md\n");
    laptop.write("ideas/private.md", "p");
    laptop.write("ideas/b.md", "b");
    eventually("the other file is stored", || stored("b.md").is_some());
    assert_eq!(stored("private.md"), None);
}

#[test]
fn a_question_can_be_answered_while_it_watches() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    for number in 0..30 {
        laptop.write(&format!("ideas/{number}.md"), "text");
    }
    let _watch = watching(&laptop);
    let count = |count: u64| host.client().status("p")["fileCount"] == count;
    eventually("all are stored", || count(30));
    fs::remove_dir_all(laptop.place("ideas")).unwrap();
    // Locked until the watch has asked, which may have seen but some of them gone.
    eventually("the answer is taken", || {
        let answer = laptop.run(&["sync", "--accept-deletions"]);
        assert!(matches!(answer.code, Some(0 | 5 | 6)), "{answer:?}");
        answer.code == Some(0)
    });
    assert!(count(0));
    laptop.write("ideas/new.md", "new");
    eventually("it goes on", || count(1));
}

#[test]
fn a_slow_mass_deletion_is_asked_about_before_most_files_are_gone() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let path = |number: u32| format!("ideas/{number}.md");
    for number in 0..60 {
        laptop.write(&path(number), &format!("text {number}"));
    }
    let _watch = watching(&laptop);
    let count = || host.client().status("p")["fileCount"].as_u64();
    eventually("all are stored", || count() == Some(60));
    for number in 0..60 {
        fs::remove_file(laptop.place(&path(number))).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(80));
    }
    let status = laptop.run(&["status"]);
    assert!(status.out.starts_with("question: 60 of 60"), "{status:?}");
    assert!(count() >= Some(30), "{:?}", count());
}

#[test]
fn a_restore_beside_a_watch_is_taken_down_by_it() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let _watch = watching(&laptop);
    for text in ["first", "second"] {
        laptop.write("ideas/a.md", text);
        let is_stored = || {
            let stored = host.client().get("/v1/projects/p/files/ideas/a.md");
            stored.bytes == text.as_bytes()
        };
        eventually("it is stored", is_stored);
    }
    let restored = laptop.run(&["restore", "ideas/a.md"]);
    assert!(restored.err.contains("does the rest"), "{restored:?}");
    restored.good();
    eventually("it is here", || has(&laptop, "ideas/a.md", "first"));
}

#[test]
fn a_folder_that_is_named_twice_is_told() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let link = laptop.root().join("link");
    std::os::unix::fs::symlink(laptop.root(), &link).unwrap();
    for second in [".", link.to_str().unwrap()] {
        let refused = laptop.run(&["watch", ".", second]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains("named twice"), "{refused:?}");
    }
}

#[test]
fn a_watch_of_a_folder_whose_disk_is_not_there_yet_may_be_started_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    fs::rename(laptop.place(""), laptop.root().join("away")).unwrap();
    fs::remove_file(laptop.root().join(".kamirc.json")).unwrap();
    let refused = laptop.run(&["watch"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("kamisync link"), "{refused:?}");
}
