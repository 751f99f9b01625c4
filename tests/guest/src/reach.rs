//! Attempts to reach what the manifest does not grant, and, so that a refusal means
//! something, what it does.

use std::fmt::Debug;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use crate::Attempt;
use crate::bindings::fermyon::spin::{key_value, variables};
use crate::bindings::spin::sqlite::sqlite::{Connection, Value};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{Fields, OutgoingRequest, Scheme};
use crate::bindings::wasi::keyvalue::store;

/// Runs an attempt; `None` when it is not one of these.
pub fn attempt(name: &str, argument: &str) -> Option<Attempt> {
    Some(match name {
        "read" => outcome(std::fs::read_to_string(argument)),
        "write" => outcome(std::fs::write(argument, "mine")),
        "list" => outcome(std::fs::read_dir(argument).map(Iterator::count)),
        "folders" => list(
            preopens::get_directories()
                .into_iter()
                .map(|(_, name)| name),
        ),
        "environment" => list(std::env::vars().map(|(name, _)| name)),
        "arguments" => list(std::env::args()),
        "connect" => outcome(TcpStream::connect(argument)),
        "listen" => outcome(TcpListener::bind(argument)),
        "datagram" => datagram(argument),
        "resolve" => outcome(argument.to_socket_addrs().map(Iterator::count)),
        "request" => request(argument),
        "variable" => outcome(variables::get(argument)),
        "store" => outcome(key_value::Store::open(argument)),
        "bucket" => outcome(store::open(argument)),
        "database" => outcome(Connection::open(argument)),
        "sql" => sql(argument),
        _ => return None,
    })
}

fn outcome(result: Result<impl Debug, impl Debug>) -> Attempt {
    match result {
        Ok(reached) => Ok(format!("{reached:?}")),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn list(names: impl Iterator<Item = String>) -> Attempt {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        Err("none".to_owned())
    } else {
        Ok(names.join(" "))
    }
}

fn datagram(address: &str) -> Attempt {
    let sent = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"out", address));
    outcome(sent)
}

fn request(authority: &str) -> Attempt {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request
        .set_authority(Some(authority))
        .expect("an authority");
    request
        .set_path_with_query(Some("/health"))
        .expect("a path");
    let answering =
        outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    answering.subscribe().block();
    outcome(
        answering
            .get()
            .expect("it is ready")
            .expect("it is taken once"),
    )
}

fn sql(statement: &str) -> Attempt {
    let connection = Connection::open("default").map_err(|error| format!("{error:?}"))?;
    let result = connection.execute(statement, &[]);
    let result = result.map_err(|error| format!("{error:?}"))?;
    let mut text = String::from("done");
    for value in result.rows.iter().flat_map(|row| &row.values) {
        text += &match value {
            Value::Text(text) => format!(" {text}"),
            other => format!(" {other:?}"),
        };
    }
    Ok(text)
}
