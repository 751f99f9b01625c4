//! The way to the server, against the real one.

mod endless;
mod follow;
mod project;

use kamisync::transport::{Address, Project, Server};

/// The project `p` at this address.
fn project(url: &str, key: &str) -> Project {
    let server = Server::new(Address::parse(url).unwrap(), key, "máy tính").unwrap();
    Project::new(server, "p", "Notes")
}
