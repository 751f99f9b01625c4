//! `sync` and `status`.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use support::{Finished, Host, finished};

use crate::Device;

fn json_of(finished: Finished) -> Value {
    serde_json::from_str(&finished.good()).unwrap()
}

#[test]
fn a_round_goes_in_both_directions_and_says_what_it_did() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    laptop.write("ideas/a.md", "a");
    laptop.write("ideas/note.txt", "not synced");
    assert_eq!(
        laptop.run(&["sync"]).good(),
        "uploaded: ideas/a.md\n1 uploaded.\n"
    );
    phone.write("tasks/b.md", "b");
    let said = json_of(phone.run(&["sync", "--json"]));
    assert_eq!(said["downloaded"], json!(["ideas/a.md"]));
    assert_eq!(said["uploaded"], json!(["tasks/b.md"]));
    assert_eq!(phone.read("ideas/a.md").as_deref(), Some("a"));
    assert_eq!(phone.read("ideas/note.txt"), None);
    assert_eq!(phone.run(&["sync"]).good(), "In sync.\n");
}

#[test]
fn what_was_remembered_of_another_folder_is_told_once() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    for device in [&laptop, &phone] {
        device.run(&["sync"]).good();
    }
    let database = ".sync/kamisync.db";
    fs::copy(laptop.place(database), phone.place(database)).unwrap();
    let said = phone.run(&["sync"]);
    assert!(said.err.contains("another folder"), "{said:?}");
    assert_eq!(phone.run(&["sync"]).err, "");
}

#[test]
fn a_dry_run_and_a_status_change_nothing() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    laptop.write("ideas/a.md", "a");
    laptop.run(&["sync"]).good();
    phone.write("ideas/b.md", "b");
    let planned = phone.run(&["sync", "--dry-run"]).good();
    assert_eq!(
        planned,
        "uploaded: ideas/b.md\ndownloaded: ideas/a.md\n1 uploaded, 1 downloaded.\n"
    );
    let status = phone.run(&["status"]);
    assert_eq!((status.code, status.out), (Some(3), planned));
    let status = phone.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(
        (&status["in_step"], &status["would"]["uploaded"]),
        (&json!(false), &json!(["ideas/b.md"]))
    );
    assert_eq!(phone.read("ideas/a.md"), None);
    assert_eq!(host.client().status("p")["fileCount"], 1);
    phone.run(&["sync"]).good();
    assert_eq!(phone.run(&["status"]).good(), "In sync.\n");
}

#[test]
fn files_that_are_all_gone_are_a_question() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    for number in 0..30 {
        laptop.write(&format!("ideas/{number}.md"), "text");
    }
    laptop.run(&["sync"]).good();
    fs::remove_dir_all(laptop.place("ideas")).unwrap();
    let asked = laptop.run(&["sync"]);
    assert_eq!(asked.code, Some(5), "{asked:?}");
    for answer in ["--accept-deletions", "--bring-back"] {
        assert!(asked.err.contains(answer), "{asked:?}");
    }
    assert_eq!(host.client().status("p")["fileCount"], 30);
    laptop.run(&["sync", "--bring-back"]).good();
    assert_eq!(laptop.read("ideas/7.md").as_deref(), Some("text"));
    assert_eq!(laptop.run(&["status"]).good(), "In sync.\n");
    fs::remove_dir_all(laptop.place("ideas")).unwrap();
    // An answer before the question is none.
    let asked = laptop.run(&["sync", "--accept-deletions"]);
    assert_eq!(asked.code, Some(5), "{asked:?}");
    laptop.run(&["sync", "--accept-deletions"]).good();
    assert_eq!(host.client().status("p")["fileCount"], 0);
}

#[test]
fn what_was_done_before_a_question_is_told() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    for number in 0..30 {
        laptop.write(&format!("ideas/{number}.md"), "text");
    }
    laptop.run(&["sync"]).good();
    phone.run(&["sync"]).good();
    fs::remove_dir_all(laptop.place("ideas")).unwrap();
    laptop.write("ideas/new.md", "new");
    assert_eq!(laptop.run(&["sync"]).code, Some(5));
    laptop.run(&["sync", "--accept-deletions"]).good();
    let asked = phone.run(&["sync"]);
    assert_eq!(asked.code, Some(5), "{asked:?}");
    assert_eq!(asked.out, "downloaded: ideas/new.md\n1 downloaded.\n");
    assert!(!asked.err.contains("nothing was changed"), "{asked:?}");
    let asked = phone.run(&["sync", "--json"]);
    let said: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!(said["downloaded"], json!([]));
    let question = said["question"].as_str().unwrap();
    assert!(question.contains("30 of 31 files"), "{question}");
}

#[test]
fn a_server_that_is_away_is_told_by_the_exit_code() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    drop(host);
    for command in ["sync", "status"] {
        let lost = laptop.run(&[command]);
        assert_eq!(lost.code, Some(4), "{lost:?}");
        assert!(
            lost.err
                .starts_with("kamisync: The server cannot be reached"),
            "{lost:?}"
        );
    }
}

#[test]
fn settings_and_a_key_that_cannot_be_used_are_told_by_the_exit_code() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let key = laptop.place(".sync/kamisync.key");
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    let unreadable = laptop.run(&["sync"]);
    assert_eq!(unreadable.code, Some(2), "{unreadable:?}");
    assert!(unreadable.err.contains("kamisync.key"), "{unreadable:?}");
    fs::write(laptop.root().join(".kamirc.json"), "{").unwrap();
    for command in ["sync", "status", "watch"] {
        let malformed = laptop.run(&[command]);
        assert_eq!(malformed.code, Some(2), "{malformed:?}");
        assert!(malformed.err.contains(".kamirc.json"), "{malformed:?}");
    }
}

#[test]
fn a_folder_is_found_from_below_and_by_its_name() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    let mut below = laptop.command(&["sync"]);
    let below = below.current_dir(laptop.place("ideas")).output().unwrap();
    assert!(below.status.success(), "{below:?}");
    let other = Device::new("other");
    let root = laptop.root().to_str().unwrap();
    assert_eq!(other.run(&["status", root]).good(), "In sync.\n");
    assert!(
        other
            .run(&["log", "-C", root, "ideas/a.md"])
            .good()
            .contains("laptop")
    );
    assert_eq!(other.run(&["sync"]).code, Some(2));
}

#[test]
fn a_key_that_may_only_read_takes_and_says_why_nothing_goes_up() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    laptop.run(&["sync"]).good();
    let body = json!({ "name": "reader", "scope": "read" });
    let key = host.client().post("/v1/keys", &body).json["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let reader = Device::new("reader");
    let mut link = reader.command(&["link", &host.url, "--project", "p"]);
    assert!(
        link.env("KAMISYNC_KEY", key)
            .output()
            .unwrap()
            .status
            .success()
    );
    reader.run(&["sync"]).good();
    assert_eq!(reader.read("ideas/a.md").as_deref(), Some("a"));
    reader.write("ideas/b.md", "b");
    let said = reader.run(&["sync"]).good();
    let left = "skipped: ideas/b.md: This request needs a key with the scope 'append'";
    assert!(said.starts_with(left), "{said}");
}

/// Syncs, and returns how many bytes were read meanwhile, from files and elsewhere.
#[cfg(target_os = "linux")]
fn bytes_read_by_sync(device: &Device) -> u64 {
    let like = device.command(&[]);
    let mut shell = Command::new("/bin/sh");
    let set = like.get_envs();
    shell.envs(set.filter_map(|(name, value)| Some((name, value?))));
    shell.args([
        "-c",
        r#""$0" sync && while read what count; do echo $what $count; done < /proc/$$/io"#,
    ]);
    shell.arg(like.get_program()).current_dir(device.root());
    let said = finished(shell.output().unwrap()).good();
    assert!(said.contains("skipped: ideas/large.md"), "{said}");
    let read = said.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_too_large_for_the_server_is_read_once() {
    const LARGE: u64 = 64 << 20;
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/large.md", "");
    let file = fs::File::options()
        .write(true)
        .open(laptop.place("ideas/large.md"))
        .unwrap();
    let save = |hour: u64| {
        file.set_len(LARGE).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(3600 * hour))
            .unwrap();
    };
    for hour in 1..3 {
        save(hour);
        assert!(bytes_read_by_sync(&laptop) > LARGE);
        for _ in 0..2 {
            assert!(bytes_read_by_sync(&laptop) < LARGE / 2);
        }
    }
}

#[test]
fn an_error_says_its_cause_once() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let settings = laptop.root().join(".kamirc.json");
    let lock = laptop.place(".sync/kamisync.lock");
    fs::create_dir(&lock).unwrap();
    let locked = laptop.run(&["sync"]);
    assert_eq!(
        locked.err.matches("Is a directory").count(),
        1,
        "{locked:?}"
    );
    fs::write(&settings, "{").unwrap();
    let malformed = laptop.run(&["sync"]);
    assert_eq!(malformed.err.matches("EOF").count(), 1, "{malformed:?}");
    fs::remove_file(&settings).unwrap();
    fs::create_dir(&settings).unwrap();
    let unreadable = laptop.run(&["sync", "."]);
    assert_eq!(
        unreadable.err.matches("Is a directory").count(),
        1,
        "{unreadable:?}"
    );
    for failed in [locked, malformed, unreadable] {
        assert!(
            failed.err.ends_with(".\n") && !failed.err.contains(".:"),
            "{failed:?}"
        );
    }
}

#[test]
fn a_project_has_the_name_of_the_folder_that_began_it() {
    let host = Host::start();
    let (laptop, phone) = (
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    );
    let name = || host.client().get("/v1/projects").json["projects"][0]["name"].clone();
    laptop.write("ideas/a.md", "a");
    laptop.run(&["sync"]).good();
    let first = laptop.root().file_name().unwrap().to_str().unwrap();
    assert_eq!(name(), first);
    phone.write("ideas/b.md", "b");
    phone.run(&["sync"]).good();
    phone.write("ideas/b.md", "b, edited");
    phone.run(&["sync"]).good();
    assert_eq!(name(), first);
}
