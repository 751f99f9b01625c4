//! A test cannot cut the power, so it traces system calls: an answer is written only after the
//! write-ahead log was synced to the disk.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use support::Host;

/// Starts strace on a running server; `None`, with a note, where that is impossible.
fn trace(host: &Host, to: &std::path::Path) -> Option<Child> {
    let strace = Command::new("strace")
        .args(["-f", "-yy", "-s", "16", "-p", &host.pid().to_string()])
        .args([
            "-e",
            "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg",
        ])
        .arg("-o")
        .arg(to)
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut strace) = strace else {
        eprintln!("NOT TESTED: strace is not installed");
        return None;
    };
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
