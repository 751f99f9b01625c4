//! A server whose log and output nobody reads: a stuck log driver, a terminal that was stopped with Ctrl-S.

use std::io::{BufRead, BufReader, ErrorKind, Write, pipe};
use std::io::{PipeReader, PipeWriter};
use std::net::{Ipv4Addr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};

use support::{Host, Process, free_port, server, terminate};

/// A pipe that takes no more, until its reader reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let full = loop {
        if let Err(error) = writer.write(b"\n") {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

/// The status of an answer, which may take five seconds.
fn ask(port: u16, path: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes())?;
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

#[test]
fn a_server_whose_log_and_output_nobody_reads_serves_and_stops() {
    // A start that has to build the component says so, and would wait for whoever reads that.
    drop(Host::start());
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let (log, stderr) = full_pipe();
    let (_out, stdout) = full_pipe();
    let mut command = server(folder.path(), &[("PORT", &port.to_string())]);
    let mut server = Process::start(command.stderr(stderr).stdout(stdout));
    drop(command);
    let start = Instant::now();
    while ask(port, "/health").is_err() && start.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(50));
    }
    for _ in 0..50 {
        // It is logged, since it has no key.
        assert_eq!(ask(port, "/v1/info").unwrap(), "HTTP/1.1 401 Unauthorized");
    }
    assert_eq!(ask(port, "/health").unwrap(), "HTTP/1.1 200 OK");
    let stop = Instant::now();
    terminate(server.id());
    while server.try_wait().unwrap().is_none() {
        assert!(stop.elapsed() < Duration::from_secs(20), "it has to end");
        sleep(Duration::from_millis(20));
    }
    drop(log);
}
