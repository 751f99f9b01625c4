//! A program beside the server, such as a proxy.

use std::net::TcpListener;
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};

/// A running program, killed when the test ends.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts the program.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }
}

impl Deref for Process {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Process {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A port of 127.0.0.1 that nobody listens on, for a program that cannot take any.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Whether a program is installed, and a note when it is not.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        note_missing(program);
    }
    found
}

/// Says that a test is skipped. Where `REQUIRE_TOOLS` is set, as in `.ci/run` where it can install them, none may be.
pub fn note_missing(tool: &str) {
    let is_required = std::env::var_os("REQUIRE_TOOLS").is_some();
    assert!(
        !is_required,
        "{tool} is not installed, and REQUIRE_TOOLS is set"
    );
    eprintln!("skipped: {tool} is not installed");
}
