//! `link`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Host, KEY, finished, free_port};

use crate::Device;

fn settings(device: &Device) -> Value {
    let text = fs::read_to_string(device.root().join(".kamirc.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_folder_is_linked_and_its_key_is_for_its_user_alone() {
    let host = Host::start();
    let device = Device::new("laptop");
    let said = device.run(&["link", &host.url]).good();
    let sync = settings(&device)["sync"].clone();
    assert_eq!(
        (&sync["backend"], &sync["enabled"]),
        (&json!(host.url), &json!(true))
    );
    let project = sync["projectId"].as_str().unwrap();
    assert!(project.len() == 32 && said.contains(project), "{said}");
    let key = device.place(".sync/kamisync.key");
    assert_eq!(fs::read_to_string(&key).unwrap().trim(), KEY);
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // Linked again, as for a new key, it stays with its project.
    device.run(&["link", &host.url]).good();
    assert_eq!(settings(&device)["sync"]["projectId"], project);
}

#[test]
fn nothing_is_remembered_of_a_server_that_does_not_take_the_key() {
    let host = Host::start();
    let device = Device::new("laptop");
    let mut link = device.command(&["link", &host.url]);
    let wrong = link.env("KAMISYNC_KEY", "wrong-wrong-wrong-wrong").output();
    let said = finished(wrong.unwrap()).failed();
    assert!(
        said.starts_with("kamisync: ") && said.contains("key"),
        "{said}"
    );
    assert!(!device.root().join(".kamirc.json").exists());
    assert!(!device.place(".sync/kamisync.key").exists());
}

#[test]
fn the_key_goes_to_no_other_server_than_the_one_it_was_given_for() {
    let (host, other) = (Host::start(), Host::start());
    let device = Device::linked("laptop", &host);
    device.write("ideas/a.md", "a");
    let file = device.root().join(".kamirc.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&host.url, &other.url)).unwrap();
    for command in ["sync", "status", "watch"] {
        let refused = device.run(&[command]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains("kamisync link"), "{refused:?}");
    }
    device.run(&["link", &other.url]).good();
    device.run(&["sync"]).good();
    assert_eq!(other.client().status("p")["fileCount"], 1);
    assert_eq!(host.client().status("p")["fileCount"], 0);
}

#[test]
fn a_category_that_leads_elsewhere_is_told() {
    let (host, elsewhere) = (Host::start(), tempfile::tempdir().unwrap());
    let device = Device::new("laptop");
    symlink(elsewhere.path(), device.place("ideas")).unwrap();
    let linked = device.run(&["link", &host.url]);
    let expected = format!(
        "kamisync: .kamiflow/ideas leads to {}, whose files are synced.\n",
        elsewhere.path().canonicalize().unwrap().display()
    );
    assert_eq!((linked.code, linked.err), (Some(0), expected));
}

/// As a repository may have them.
#[test]
fn no_link_among_the_files_of_the_program_destroys_a_file_elsewhere() {
    let host = Host::start();
    let device = Device::new("laptop");
    let precious = device.root().join("precious");
    fs::write(&precious, "text").unwrap();
    fs::create_dir(device.place(".sync")).unwrap();
    for name in [
        "kamisync.lock",
        ".gitignore",
        "kamisync.db",
        ".kamisync-fold-é.tmp",
    ] {
        let link = device.place(".sync").join(name);
        let is_refused = |command: &[&str]| {
            _ = fs::remove_file(&link);
            symlink(&precious, &link).unwrap();
            let refused = device.run(command).failed();
            assert!(refused.contains(name), "{refused}");
            fs::remove_file(&link).unwrap();
        };
        is_refused(&["link", &host.url]);
        device.run(&["link", &host.url]).good();
        is_refused(&["sync"]);
    }
    assert_eq!(fs::read_to_string(precious).unwrap(), "text");
    device.run(&["sync"]).good();
}

#[test]
fn a_server_that_is_not_there_is_told_by_the_exit_code() {
    let device = Device::new("laptop");
    let url = format!("http://127.0.0.1:{}", free_port());
    let finished = device.run(&["link", &url]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.err.contains("nothing listens"), "{finished:?}");
    let finished = device.run(&["link", "sync.example.com"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_second_device_is_asked_which_project_it_takes() {
    let host = Host::start();
    host.client()
        .push_files("walk", &[("ideas/a.md", "a")])
        .good();
    let device = Device::new("phone");
    let finished = device.run(&["link", &host.url]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(
        finished.err.contains("--project") && finished.err.contains("walk"),
        "{finished:?}"
    );
    device.run(&["link", &host.url, "--project", "walk"]).good();
    assert_eq!(settings(&device)["sync"]["projectId"], "walk");
    device.run(&["link", &host.url, "--new"]).good();
    assert_ne!(settings(&device)["sync"]["projectId"], "walk");
}

#[test]
fn a_project_that_the_server_does_not_have_is_taken_for_a_slip() {
    let host = Host::start();
    host.client()
        .push_files("walk", &[("ideas/a.md", "a")])
        .good();
    let device = Device::new("phone");
    let refused = device.run(&["link", &host.url, "--project", "wlak"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for part in ["wlak", "  walk", "--new"] {
        assert!(refused.err.contains(part), "{refused:?}");
    }
    assert!(!device.root().join(".kamirc.json").exists());
    let new = ["link", &host.url, "--project", "wlak", "--new"];
    device.run(&new).good();
    assert_eq!(settings(&device)["sync"]["projectId"], "wlak");
    // It is on the server from the first round on, and until then in the settings.
    device.run(&["link", &host.url]).good();
    assert_eq!(settings(&device)["sync"]["projectId"], "wlak");
}

#[test]
fn the_key_of_one_project_decides_and_its_scope_is_told() {
    let host = Host::start();
    let body = json!({ "name": "tablet", "scope": "read", "projects": ["walk"] });
    let answer = host.client().post("/v1/keys", &body);
    let key = answer.json["key"].as_str().unwrap();
    let device = Device::new("tablet");
    let mut link = device.command(&["link", &host.url]);
    link.env_remove("KAMISYNC_KEY").stdin(Stdio::piped());
    let mut link = link
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The key comes on standard input.
    writeln!(link.stdin.take().unwrap(), "{key}").unwrap();
    let linked = finished(link.wait_with_output().unwrap());
    assert!(linked.err.contains("may only read"), "{linked:?}");
    linked.good();
    assert_eq!(settings(&device)["sync"]["projectId"], "walk");
}

#[test]
fn an_empty_folder_begins_a_deleted_project_again_when_it_is_linked_so() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "a");
    laptop.run(&["sync"]).good();
    host.client().delete("/v1/projects/p").good();
    let phone = Device::new("phone");
    let new = ["link", &host.url, "--project", "p", "--new"];
    phone.run(&new).good();
    phone.write("ideas/b.md", "b");
    phone.run(&["sync"]).good();
    assert_eq!(host.client().status("p")["fileCount"], 1);
    // Where there are files, they may be those of the deleted project.
    host.client().delete("/v1/projects/p").good();
    let tablet = Device::new("tablet");
    tablet.write("ideas/a.md", "a");
    tablet.run(&new).good();
    assert_eq!(tablet.run(&["sync"]).code, Some(5));
}

#[test]
fn the_project_of_the_home_folder_is_that_of_no_other_folder() {
    let host = Host::start();
    host.client()
        .push_files("work", &[("ideas/a.md", "a")])
        .good();
    let device = Device::new("laptop");
    let home = device.root().join(".kami-flow");
    fs::create_dir(&home).unwrap();
    fs::write(
        home.join(".kamirc.json"),
        r#"{"sync": {"projectId": "work"}}"#,
    )
    .unwrap();
    let asked = device.run(&["link", &host.url]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.err.contains("--project"), "{asked:?}");
    let settings = format!(r#"{{"sync": {{"backend": "{}"}}}}"#, host.url);
    fs::write(device.root().join(".kamirc.json"), settings).unwrap();
    let sync = device.run(&["sync"]);
    assert_eq!(sync.code, Some(2), "{sync:?}");
    assert!(sync.err.contains("is not linked"), "{sync:?}");
}
