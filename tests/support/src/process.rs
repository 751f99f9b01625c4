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

/// Whether a program is installed, and a note when it is not. Where `REQUIRE_<PROGRAM>` is set, as in
/// `.ci/run`, it must be.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let required = format!("REQUIRE_{}", program.to_uppercase().replace('-', "_"));
    assert!(
        found || std::env::var_os(&required).is_none(),
        "{program} is not installed, and {required} is set"
    );
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
