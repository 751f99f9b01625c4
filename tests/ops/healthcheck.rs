//! `healthcheck` and `completions`

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use support::{Host, command, finished, run};

#[test]
fn a_running_server_is_healthy() {
    let host = Host::start();
    let url = format!("{}/health?deep=1", host.url);
    let out = run(&host.database(), &["healthcheck", &url]).good();
    assert!(out.contains("\"status\":\"ok\""), "{out}");
    let port = host.address().rsplit(':').next().unwrap();
    let mut by_port = command(&host.database(), &["healthcheck"]);
    finished(by_port.env("PORT", port).output().unwrap()).good();
    let mut as_spin = command(&host.database(), &["healthcheck"]);
    let everywhere = format!("0.0.0.0:{port}");
    finished(
        as_spin
            .env("SPIN_HTTP_LISTEN_ADDR", everywhere)
            .output()
            .unwrap(),
    )
    .good();
}

#[test]
fn no_server_is_not_healthy() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{nobody}/health");
    let said = run(&folder.path().join("x.db"), &["healthcheck", &url]).failed();
    assert!(said.contains("no answer from http://127.0.0.1"), "{said}");
}

#[test]
fn an_answer_other_than_200_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 1024]).unwrap();
        stream
            .write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"code\":\"unhealthy\"}")
            .unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let said = run(&folder.path().join("x.db"), &["healthcheck", &url]).failed();
    assert!(said.contains("503") && said.contains("unhealthy"), "{said}");
    server.join().unwrap();
}

#[test]
fn completions_of_every_shell_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let out = run(&folder.path().join("x.db"), &["completions", shell]).good();
        assert!(out.contains("import-legacy"), "{shell}");
    }
}

#[test]
fn the_help_lists_every_command_and_an_example() {
    let help = |arguments: &[&str]| {
        let mut command = Command::new(support::program());
        finished(command.args(arguments).output().unwrap()).good()
    };
    let all = help(&["--help"]);
    for command in [
        "up",
        "backup",
        "restore",
        "check",
        "export",
        "import",
        "import-legacy",
        "healthcheck",
        "doctor",
    ] {
        assert!(all.contains(&format!("  {command} ")), "{all}");
    }
    assert!(help(&["backup", "--help"]).contains("Examples:"));
}
