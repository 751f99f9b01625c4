//! A keep-alive connection that costs little compared to the server it measures.

use std::io::{Read, Write};
use std::net::TcpStream;

use support::{KEY, TIMEOUT};

/// Bytes of a read.
const CHUNK: usize = 256 << 10;

/// A connection with its last answer.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    pub fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        Self {
            stream,
            buffer: Vec::new(),
            filled: 0,
        }
    }

    /// Sends a request and returns status and body.
    pub fn ask(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).expect("the server reads");
        self.filled = 0;
        let head = self.read_head();
        let (status, length) = parse(&self.buffer[..head]);
        while self.filled < head + length {
            self.read_more();
        }
        (status, &self.buffer[head..head + length])
    }

    /// Sends a request and requires status 200.
    pub fn good(&mut self, request: &[u8]) -> &[u8] {
        let (status, body) = self.ask(request);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
        body
    }

    fn read_head(&mut self) -> usize {
        loop {
            self.read_more();
            let read = &self.buffer[..self.filled];
            if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                return end + 4;
            }
        }
    }

    fn read_more(&mut self) {
        if self.buffer.len() < self.filled + CHUNK {
            self.buffer.resize(self.filled + CHUNK, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]);
        let read = read.expect("the server answers");
        assert!(read > 0, "the server hung up");
        self.filled += read;
    }
}

fn parse(head: &[u8]) -> (u16, usize) {
    let head = std::str::from_utf8(head).expect("a head of text");
    let status = head[9..12].parse().expect("a status");
    let length = head.lines().filter_map(|line| line.split_once(": "));
    let length = length
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse().ok());
    (status, length.expect("a body of known length"))
}

/// A GET request.
pub fn get(path: &str) -> Vec<u8> {
    get_with(path, &format!("authorization: Bearer {KEY}"))
}

/// A GET request with a header that says who asks.
pub fn get_with(path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{header}\r\n\r\n").into_bytes()
}

/// The request of a push.
pub fn push(project: &str, body: &[u8]) -> Vec<u8> {
    let mut request = support::push_head(project, body.len()).into_bytes();
    request.extend_from_slice(body);
    request
}

/// The request of the first page after `since`.
pub fn page(project: &str, since: &str) -> Vec<u8> {
    get(&format!(
        "/v1/projects/{project}/files?since={since}&limit=100"
    ))
}

/// The `since` of the next page; `None` after the last one.
pub fn next_since(page: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"\"synced_at\":";
    let tail = &page[page.len().saturating_sub(200)..];
    tail.windows(14).find(|part| part == b"\"hasMore\":true")?;
    let at = page.windows(NAME.len()).rposition(|part| part == NAME)? + NAME.len();
    let end = page[at..].iter().position(|byte| b",}".contains(byte))?;
    std::str::from_utf8(&page[at..at + end]).ok()
}
