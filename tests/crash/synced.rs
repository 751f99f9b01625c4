//! A test cannot cut the power, so it traces system calls: an answer is written only after the
//! write-ahead log was synced to the disk.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::{Build, Host, is_installed, wrapped};

/// Starts strace on a running server; `None`, with a note, where that is impossible.
fn trace(host: &Host, to: &Path) -> Option<Child> {
    if !is_installed("strace") {
        return None;
    }
    let mut strace = Command::new("strace")
        .args(["-f", "-yy", "-s", "16", "-p", &host.pid().to_string()])
        .args([
            "-e",
            "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg",
        ])
        .arg("-o")
        .arg(to)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(strace.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    if !first.contains("attached") {
        eprintln!("NOT TESTED: {first}");
        _ = strace.wait();
        return None;
    }
    std::thread::spawn(move || lines.for_each(drop));
    Some(strace)
}

/// The last parts of the paths of what a command syncs to the disk; `None`, with a note, without strace.
fn synced_by(database: &Path, arguments: &[&str]) -> Option<Vec<String>> {
    if !is_installed("strace") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let strace = [
        "strace",
        "-f",
        "-yy",
        "-e",
        "trace=fsync",
        "-o",
        trace.to_str().unwrap(),
    ];
    let command = Build::current().command(database, arguments);
    let finished = wrapped(&strace, &command).output().unwrap();
    assert!(finished.status.success(), "{finished:?}");
    let trace = std::fs::read_to_string(&trace).unwrap();
    let path = |line: &str| Some(line.split_once('<')?.1.split_once('>')?.0.to_owned());
    let name = |path: String| path.rsplit('/').next().unwrap().to_owned();
    Some(trace.lines().filter_map(path).map(name).collect())
}

/// Whether a name was synced, and the folder that it is in after that.
fn has(synced: &[String], name: &str, folder: &str) -> bool {
    let file = synced.iter().position(|one| one == name);
    let folder = synced.iter().rposition(|one| one == folder);
    file.is_some() && file < folder
}

#[test]
fn a_new_data_folder_and_the_mark_of_a_backup_are_on_the_disk() {
    let machine = tempfile::tempdir().unwrap();
    let top = machine.path().join("top");
    std::fs::create_dir(&top).unwrap();
    let database = top.join("new/data/sync.db");
    let Some(synced) = synced_by(&database, &["key", "add", "laptop", "--scope", "write"]) else {
        return;
    };
    for folder in ["top", "new"] {
        assert!(synced.iter().any(|one| one == folder), "{synced:?}");
    }
    let backup = machine.path().join("backup.db");
    let synced = synced_by(&database, &["backup", backup.to_str().unwrap()]).unwrap();
    assert!(has(&synced, "sync.db-last-backup", "data"), "{synced:?}");
}

#[test]
fn the_record_of_a_log_is_on_the_disk_before_the_first_push_is_answered() {
    let host = Host::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let Some(mut strace) = trace(&host, &file) else {
        return;
    };
    host.client().push_files("p", &[("a", "x")]).good();
    support::terminate(strace.id());
    strace.wait().unwrap();
    let trace = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let answer = positions(&lines, &["TCP", "HTTP/1.1 200"])[0];
    let data = format!("{}>", host.database().parent().unwrap().display());
    let record = positions(&lines, &["fsync(", "sync.db-log-base"]);
    let folder = positions(&lines[..answer], &["fsync(", &data]);
    assert!(
        !record.is_empty() && record.first() < folder.last(),
        "{trace}"
    );
}

/// Positions of the lines that contain all of these words.
fn positions(lines: &[&str], words: &[&str]) -> Vec<usize> {
    (0..lines.len())
        .filter(|at| words.iter().all(|word| lines[*at].contains(word)))
        .collect()
}

#[test]
fn a_push_is_on_the_disk_before_it_is_answered() {
    const PUSHES: usize = 10;
    let host = Host::start();
    host.client().push_files("p", &[("warm", "up")]).good();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let Some(mut strace) = trace(&host, &file) else {
        return;
    };
    for i in 0..PUSHES {
        host.client()
            .push_files("p", &[("a", &format!("{i}")), ("b", &format!("{i}"))])
            .good();
    }
    support::terminate(strace.id());
    strace.wait().unwrap();
    let trace = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let answers = positions(&lines, &["TCP", "HTTP/1.1 200"]);
    assert_eq!(answers.len(), PUSHES, "{trace}");
    let mut from = 0;
    for answer in answers {
        let request = &lines[from..answer];
        let written = positions(request, &["pwrite64", "sync.db-wal"]);
        let synced = positions(request, &["sync(", "sync.db-wal"]);
        let (written, synced) = (written.last(), synced.last());
        assert!(written.is_some() && written < synced, "{trace}");
        let line = request[*synced.unwrap()];
        let process = line.split_whitespace().next().unwrap();
        let done = line.ends_with("= 0")
            || !positions(request, &[process, "sync resumed>", "= 0"]).is_empty();
        assert!(done, "{trace}");
        from = answer;
    }
}
