//! A client of the event streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::{KEY, TIMEOUT};

/// An open stream.
pub struct EventStream {
    reader: BufReader<TcpStream>,
    /// The head of the answer, in lower case.
    pub head: String,
    text: String,
    /// Bytes of an answer of known length that were not read.
    left: Option<usize>,
}

/// What a stream said.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its data.
    pub data: Value,
}

impl EventStream {
    /// Asks for a stream at `ADDRESS:PORT` with the right key and these headers.
    pub fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let socket = TcpStream::connect(address).expect("the server listens");
        Self::on(socket, path, headers)
    }

    /// The same on a connection.
    pub fn on(socket: TcpStream, path: &str, headers: &[(&str, &str)]) -> Self {
        socket.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        let mut reader = BufReader::new(socket);
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{lines}\r\n");
        let sent = reader.get_mut().write_all(request.as_bytes());
        sent.expect("the server reads");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = reader.read_line(&mut head).expect("a head");
            assert!(read > 0, "the server hung up: {head}");
        }
        head.make_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        Self {
            reader,
            left: length.map(|length| length.parse().expect("a number")),
            head,
            text: String::new(),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.head[9..12].parse().expect("a status")
    }

    /// The next block, without the empty line behind it; `None` at the end of the stream, which must
    /// be a clean one.
    pub fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let block = std::mem::replace(&mut self.text, rest);
                return Some(block.trim_end().to_owned());
            }
            let chunk = self.chunk();
            if chunk.is_empty() {
                return None;
            }
            self.text += &chunk;
        }
    }

    /// The next event; `None` at the end of the stream.
    pub fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block()?;
            let field = |name: &str| {
                let lines = block.lines().find_map(|line| line.strip_prefix(name));
                lines.map(|value| value.trim_start().to_owned())
            };
            if let Some(data) = field("data:") {
                assert_eq!(field("event:").as_deref(), Some("change"), "{block}");
                let data = serde_json::from_str(&data).expect("JSON");
                return Some(Event {
                    id: field("id:"),
                    data,
                });
            }
        }
    }

    fn chunk(&mut self) -> String {
        if let Some(size) = self.left.as_mut().map(std::mem::take) {
            return self.read(size);
        }
        let mut size = String::new();
        self.reader.read_line(&mut size).expect("a chunk");
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
        let chunk = self.read(size);
        assert_eq!(self.read(2), "\r\n");
        chunk
    }

    fn read(&mut self, size: usize) -> String {
        let mut bytes = vec![0; size];
        self.reader.read_exact(&mut bytes).expect("a chunk");
        String::from_utf8(bytes).expect("text")
    }
}
