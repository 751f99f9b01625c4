//! Attempts to use as many resources as the host allows.

use crate::Attempt;
use crate::bindings::spin::sqlite::sqlite::Connection;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::Fields;
use crate::bindings::wasi::sockets::network::IpAddressFamily;
use crate::bindings::wasi::sockets::tcp_create_socket::create_tcp_socket;

/// Bytes of a page of memory.
const PAGE: usize = 64 << 10;

/// Runs an attempt; `None` when it is not one of these.
pub fn attempt(name: &str) -> Option<Attempt> {
    Some(match name {
        "memory" => Ok(memory()),
        "sockets" => take(|| create_tcp_socket(IpAddressFamily::Ipv4)),
        "connections" => take(|| Connection::open("default")),
        "timers" => take(|| Ok::<_, ()>(monotonic_clock::subscribe_duration(u64::MAX))),
        "fields" => take(|| Ok::<_, ()>(Fields::new())),
        _ => return None,
    })
}

/// Grows the memory to the limit and returns its size in bytes.
fn memory() -> String {
    while core::arch::wasm32::memory_grow::<0>(1) != usize::MAX {}
    (core::arch::wasm32::memory_size::<0>() * PAGE).to_string()
}

/// Opens resources until the host refuses, and returns their number.
fn take<T, E>(mut next: impl FnMut() -> Result<T, E>) -> Attempt {
    let mut taken = Vec::new();
    while let Ok(thing) = next() {
        taken.push(thing);
    }
    match taken.len() {
        0 => Err("none".to_owned()),
        count => Ok(count.to_string()),
    }
}
