//! What the test suites and the benchmark share. Everything here runs the real program as an operator
//! would and talks to it over real sockets; nothing uses the code of the server.

mod browser;
mod caddy;
mod chrome;
mod client;
mod command;
mod component;
mod content;
mod events;
mod fake_clock;
mod host;
pub mod openapi;
mod other_user;
mod process;
mod random;
mod spin;

pub use browser::{Browser, Page};
pub use caddy::Caddy;
pub use chrome::Chrome;
pub use client::{Answer, Client};
pub use command::{
    Build, Finished, argument, command, finished, program, run, server, terminate, wrapped,
};
pub use component::{build, manifest};
pub use content::{content, encode, file, first_rev, gzip, paths, push_head, sha256};
pub use events::{Event, EventStream};
pub use fake_clock::fake_clock;
pub use host::Host;
pub use other_user::OtherUser;
pub use process::{Process, free_port, is_installed};
pub use random::Random;

use std::path::Path;
use std::time::Duration;

/// API key of every test server.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A server that takes longer than this to answer counts as hung.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The root of the repository.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("two folders above")
}
