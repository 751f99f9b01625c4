//! Ways to fail: bad answers and none at all.

use std::io::Write;
use std::time::Duration;

use crate::bindings::spin::sqlite::sqlite::Connection;
use crate::bindings::wasi::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::{answer, write};

/// Fails in this way; an unknown one succeeds.
pub fn attempt(way: &str, outparam: ResponseOutparam) {
    match way {
        "panic" => panic!("on purpose"),
        "unreachable" => core::arch::wasm32::unreachable(),
        "exit" => std::process::exit(0),
        "silence" => drop(outparam),
        "loop" => spin(),
        "sleep" => std::thread::sleep(Duration::from_secs(3600)),
        "recursion" => _ = recurse(&mut 0),
        "allocation" => hoard(),
        "transaction" => trap_in_transaction(),
        "noise" => noise(outparam),
        "header" => huge_header(outparam),
        "cut" => cut_body(outparam),
        "short" => short_body(outparam),
        "body-loop" => loop_in_body(outparam),
        _ => answer(outparam, Ok("at peace".to_owned())),
    }
}

fn spin() {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "on purpose")]
fn recurse(depth: &mut u64) -> u64 {
    *depth += 1;
    recurse(std::hint::black_box(depth)) + std::hint::black_box(*depth)
}

fn hoard() {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
    }
}

fn trap_in_transaction() {
    let connection = Connection::open("default").expect("it is granted");
    for statement in [
        "CREATE TABLE IF NOT EXISTS t (x)",
        "BEGIN IMMEDIATE",
        "INSERT INTO t VALUES (1)",
    ] {
        connection.execute(statement, &[]).expect("sound SQL");
    }
    panic!("in the middle of a transaction");
}

/// More than any pipe or log line can hold.
fn noise(outparam: ResponseOutparam) {
    let line = "noise ".repeat(10_000);
    for _ in 0..100 {
        _ = writeln!(std::io::stderr(), "{line}");
    }
    answer(outparam, Ok("said".to_owned()));
}

fn huge_header(outparam: ResponseOutparam) {
    let fields = Fields::new();
    let value = vec![b'x'; 16 << 20];
    match fields.append("x-huge", &value) {
        Ok(()) => ResponseOutparam::set(outparam, Ok(OutgoingResponse::new(fields))),
        Err(error) => answer(outparam, Err(format!("{error:?}"))),
    }
}

/// Sends the head and `written` of a body of 10 bytes.
fn begin_body(outparam: ResponseOutparam, written: &[u8]) -> OutgoingBody {
    let length = [("content-length".to_owned(), b"10".to_vec())];
    let response = OutgoingResponse::new(Fields::from_list(&length).expect("a length"));
    let body = response.body().expect("a body");
    ResponseOutparam::set(outparam, Ok(response));
    write(&body, written);
    body
}

fn cut_body(outparam: ResponseOutparam) {
    let _body = begin_body(outparam, b"12345");
    panic!("in the middle of a body");
}

fn short_body(outparam: ResponseOutparam) {
    let body = begin_body(outparam, b"12345");
    _ = OutgoingBody::finish(body, None);
}

fn loop_in_body(outparam: ResponseOutparam) {
    let _body = begin_body(outparam, b"12345");
    spin();
}
