//! A full disk, simulated by a small tmpfs; mounting needs root.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use support::{Host, argument, content, file, run, sha256};

pub struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, with a note, where mounting is not permitted.
    pub fn of(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if !mount(&format!("size={size}"), folder.path()) {
            eprintln!("NOT TESTED: a full disk needs the right to mount a tmpfs");
            return None;
        }
        Some(Self(folder))
    }

    fn grow(&self, size: &str) {
        assert!(mount(&format!("remount,size={size}"), self.0.path()));
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn database(&self) -> String {
        self.folder().join("sync.db").display().to_string()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(options: &str, at: &Path) -> bool {
    let command = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .output();
    command.is_ok_and(|output| output.status.success())
}

fn push(host: &Host, number: usize) -> (u16, Value) {
    let files: Vec<Value> = (0..3)
        .map(|i| file(&format!("n{number}/{i}"), text(number, i).as_bytes()))
        .collect();
    let answer = host.client().push("p", &json!({ "files": files }));
    (answer.status, answer.json)
}

fn text(number: usize, file: usize) -> String {
    format!("{number} {file} ").repeat(8_000)
}

/// Pushes until the disk is full. Returns the number of stored pushes.
fn fill(host: &Host) -> usize {
    for number in 0..1000 {
        match push(host, number) {
            (200, _) => {}
            (status, answer) => {
                assert_eq!((status, &answer["code"]), (507, &json!("storage_full")));
                assert_eq!(answer["retryable"], true);
                return number;
            }
        }
    }
    panic!("the disk is never full");
}

/// Exactly these pushes are stored, completely.
fn check(host: &Host, pushes: usize) {
    let files = host.client().pull_all("p", 1000);
    assert_eq!(files.len(), 3 * pushes);
    for (position, file) in files.iter().enumerate() {
        let (number, i) = (position / 3, position % 3);
        assert_eq!(file["path"], format!("n{number}/{i}"));
        assert_eq!(sha256(&content(file)), sha256(text(number, i).as_bytes()));
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_server_recovers_with_space() {
    let Some(disk) = Disk::of("8m") else { return };
    let path = disk.database();
    let settings = [("DB_PATH", path.as_str())];
    let host = Host::with(&settings);
    let stored = fill(&host);
    assert!(stored > 0);
    check(&host, stored);
    assert_eq!(push(&host, stored).0, 507);
    assert_eq!(host.client().status("p")["fileCount"], 3 * stored);
    assert_eq!(host.anonymous().get("/health").status, 200);
    let deep = || host.anonymous().get("/health?deep=1");
    deep().failed(503, "unhealthy");
    disk.grow("64m");
    assert_eq!(push(&host, stored).0, 200);
    deep().good();
    check(&host, stored + 1);
}

#[test]
fn a_deep_health_check_names_the_full_disk() {
    let Some(disk) = Disk::of("8m") else { return };
    let path = disk.database();
    let host = Host::with(&[("DB_PATH", &path)]);
    assert_eq!(push(&host, 0).0, 200);
    // Ends where the disk does.
    _ = std::fs::write(disk.0.path().join("rest"), vec![0; 8 << 20]);
    let deep = || host.anonymous().get("/health?deep=1");
    let answer = deep().failed(503, "unhealthy");
    assert_eq!(answer["part"], "disk");
    disk.grow("64m");
    deep().good();
}

#[test]
fn what_was_acknowledged_survives_a_kill_on_a_full_disk() {
    let Some(disk) = Disk::of("8m") else { return };
    let path = disk.database();
    let settings = [("DB_PATH", path.as_str())];
    let host = Host::with(&settings);
    let stored = fill(&host);
    let folder = host.kill();
    disk.grow("64m");
    let again = Host::resume(folder, &settings);
    check(&again, stored);
    assert_eq!(push(&again, stored).0, 200);
}

#[test]
fn a_stop_and_a_start_on_a_full_disk_lose_nothing() {
    let Some(disk) = Disk::of("8m") else { return };
    let path = disk.database();
    let settings = [("DB_PATH", path.as_str())];
    let host = Host::with(&settings);
    let stored = fill(&host);
    let (code, log, folder) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    let full = Host::resume(folder, &settings);
    assert_eq!(full.client().status("p")["fileCount"], 3 * stored);
    check(&full, stored);
    let (_, _, folder) = full.stop();
    disk.grow("64m");
    let again = Host::resume(folder, &settings);
    check(&again, stored);
    assert_eq!(push(&again, stored).0, 200);
}

#[test]
fn a_project_can_be_deleted_on_a_full_disk_which_then_has_space_again() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let host = Host::with(&[("DB_PATH", path.as_str())]);
    let stored = fill(&host);
    assert!(stored > 50, "{stored}");
    assert_eq!(push(&host, stored).0, 507);
    let deleted = host.client().delete("/v1/projects/p").good();
    assert_eq!(deleted["deleted"], 3 * stored);
    assert_eq!(host.client().status("p")["fileCount"], 0);
    for number in 0..stored / 2 {
        assert_eq!(push(&host, number).0, 200, "{number}");
    }
    let reserve = std::fs::metadata(path + "-reserve").unwrap();
    assert_eq!(reserve.len(), 16 << 20);
}

#[test]
fn files_can_be_deleted_and_purged_on_a_full_disk() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let host = Host::with(&[("DB_PATH", path.as_str())]);
    let stored = fill(&host);
    assert_eq!(push(&host, stored).0, 507);
    let purge = json!({ "path": "n0/0" });
    let purged = host.client().post("/v1/projects/p/purge", &purge).good();
    assert_eq!(purged["purged"], 1);
    for number in 0..stored {
        let deletions: Vec<String> = (0..3).map(|i| format!("n{number}/{i}")).collect();
        let deleted = host
            .client()
            .push("p", &json!({ "files": [], "deletions": deletions }));
        assert_eq!(deleted.good()["deleted"], 3, "{number}");
    }
    assert_eq!(host.client().status("p")["fileCount"], 0);
    let reserve = std::fs::metadata(path + "-reserve").unwrap();
    assert!(reserve.len() >= 12 << 20, "{}", reserve.len());
    let deleted = host.client().delete("/v1/projects/p").good();
    assert_eq!(deleted["deleted"], 0);
    for number in 0..stored / 2 {
        assert_eq!(push(&host, number).0, 200, "{number}");
    }
}

#[test]
fn a_project_that_moves_out_to_a_disk_that_gets_full_stays() {
    let Some(disk) = Disk::of("1m") else { return };
    let host = Host::start();
    let pushes = 60;
    (0..pushes).for_each(|number| assert_eq!(push(&host, number).0, 200));
    let moved = disk.0.path().join("moved.db");
    let mut refusals = 0;
    // The log of the new file takes as much as the file.
    for size in (2..).step_by(2) {
        disk.grow(&format!("{size}m"));
        let out = run(&host.database(), &["move-out", "p", argument(&moved)]);
        if out.code == Some(0) {
            break;
        }
        assert!(out.failed().contains("p stays on this server"));
        assert_eq!(disk.0.path().read_dir().unwrap().count(), 0);
        check(&host, pushes);
        refusals += 1;
    }
    assert!(refusals > 2, "{refusals}");
    let other = Host::start();
    run(&other.database(), &["move-in", argument(&moved)]).good();
    check(&other, pushes);
}

#[test]
fn a_project_that_cannot_be_closed_because_its_disk_is_full_leaves_no_file() {
    let Some(disk) = Disk::of("30m") else { return };
    let host = Host::with(&[("DB_PATH", &disk.database())]);
    assert_eq!(push(&host, 0).0, 200);
    let filler = disk.0.path().join("filler");
    // As much as there is.
    _ = std::fs::write(&filler, vec![0; 64 << 20]);
    let moved = host.database().with_file_name("moved.db");
    let database = disk.0.path().join("sync.db");
    let arguments = ["move-out", "p", argument(&moved)];
    let refusal = run(&database, &arguments).failed();
    let said = format!(
        "p stays on this server: no space left for {}",
        disk.database()
    );
    assert!(refusal.contains(&said), "{refusal}");
    assert!(!moved.exists());
    check(&host, 1);
    std::fs::remove_file(filler).unwrap();
    run(&database, &arguments).good();
}

#[test]
fn what_was_moved_out_or_backed_up_is_read_from_a_disk_that_is_mounted_read_only() {
    let Some(disk) = Disk::of("30m") else { return };
    let host = Host::start();
    assert_eq!(push(&host, 0).0, 200);
    let at = |name: &str| disk.0.path().join(name);
    run(&host.database(), &["backup", argument(&at("backup.db"))]).good();
    let moved = at("moved.db");
    run(&host.database(), &["move-out", "p", argument(&moved)]).good();
    let database = host.database();
    let (_, _, _folder) = host.stop();
    std::fs::copy(database, at("served.db")).unwrap();
    assert!(mount("remount,ro", disk.0.path()));
    run(&at("backup.db"), &["check"]).good();
    let other = Host::start();
    run(&other.database(), &["move-in", argument(&moved)]).good();
    check(&other, 1);
    let refusal = run(&at("served.db"), &["check"]).failed();
    let said = "served.db cannot be read where nothing can be written: copy it";
    assert!(refusal.contains(said), "{refusal}");
}

#[test]
fn commands_name_the_file_that_has_no_space_left() {
    let Some(disk) = Disk::of("1m") else { return };
    let host = Host::start();
    (0..20).for_each(|number| assert_eq!(push(&host, number).0, 200));
    let said = |file: &Path| format!("no space left for {}: ", file.display());
    let target = disk.0.path().join("target");
    for arguments in [
        &["backup", argument(&target)][..],
        &["export", "p", argument(&target)],
        &["move-out", "p", argument(&target)],
    ] {
        let refusal = run(&host.database(), arguments).failed();
        assert!(refusal.contains(&said(&target)), "{arguments:?}: {refusal}");
        assert!(!refusal.contains("rror"), "{arguments:?}: {refusal}");
    }
    let tar = host.database().with_file_name("p.tar");
    run(&host.database(), &["export", "p", argument(&tar)]).good();
    let database = disk.0.path().join("sync.db");
    let refusal = run(&database, &["import", "p", argument(&tar)]).failed();
    assert!(refusal.contains(&said(&database)), "{refusal}");
    let report = run(&database, &["doctor"]).failed();
    assert!(report.contains("free: make space"), "{report}");
}

#[test]
fn a_file_that_may_not_grow_fails_pushes_and_ends_no_server() {
    let host = Host::start_in(&["sh", "-c", "ulimit -f 80000; exec \"$@\"", "sh"]);
    let mut number = 0;
    let refused = loop {
        let (status, _) = push(&host, number);
        if status != 200 {
            break status;
        }
        number += 1;
    };
    assert!(number > 0 && refused >= 500, "{number} {refused}");
    let client = host.client();
    client.get("/health").good();
    assert_eq!(client.status("p")["fileCount"], 3 * number);
    run(&host.database(), &["check"]).good();
}
