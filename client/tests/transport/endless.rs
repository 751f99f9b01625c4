//! A server whose lists never end.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use kamisync::remote::{Remote, RemoteError};
use kamisync::transport::{Address, Server};
use support::KEY;

use crate::project;

/// More than anybody asks for who sees that nothing new comes.
const ANSWERS: usize = 50;

/// A server that answers this to everything, so many times, and then is away.
fn always(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().take(ANSWERS) {
            answer(&client.unwrap(), body);
        }
    });
    url
}

fn answer(mut client: &TcpStream, body: &str) {
    let mut head = BufReader::new(client.try_clone().unwrap()).lines();
    while !head.next().unwrap().unwrap().is_empty() {}
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    client.write_all((head + body).as_bytes()).unwrap();
}

#[test]
fn a_history_that_never_ends_is_told() {
    for body in [
        r#"{"versions": [], "hasMore": true}"#,
        r#"{"versions": [{"rev": 7, "checksum": null, "size": 0, "modified": 1, "stored_at": 1,
            "device": null, "available": false}], "hasMore": true}"#,
    ] {
        let told = project(&always(body), KEY).history("ideas/a.md");
        assert!(matches!(told, Err(RemoteError::Endless(_))), "{told:?}");
    }
}

#[test]
fn a_list_of_projects_that_never_ends_is_told() {
    for body in [
        r#"{"projects": [], "hasMore": true}"#,
        r#"{"projects": [{"id": "p", "name": null}], "hasMore": true}"#,
    ] {
        let address = Address::parse(&always(body)).unwrap();
        let told = Server::new(address, KEY, "laptop").unwrap().projects();
        assert!(matches!(told, Err(RemoteError::Endless(_))), "{told:?}");
    }
}
