//! Reads a stream of server-sent events.

use std::io::{self, BufRead, Read};

/// Bytes of one line; the server's have a few hundred.
const MAX_LINE: u64 = 64 << 10;

/// An open stream.
pub struct EventReader<R> {
    reader: R,
}

impl<R: BufRead> EventReader<R> {
    /// Reads events from here.
    pub fn new(reader: R) -> Self {
        Self { reader }
    }

    /// Waits for an event that tells of a change; false at the end of the stream.
    ///
    /// Where to go on is not read: it is the position of the last round, not of the last event.
    pub fn next_change(&mut self) -> io::Result<bool> {
        let mut is_change = false;
        while let Some(line) = self.line()? {
            if line.is_empty() && is_change {
                return Ok(true);
            }
            is_change |= line.strip_prefix("event:").map(str::trim) == Some("change");
        }
        Ok(false)
    }

    /// A line without its end; `None` at the end of the stream, even inside a line.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut limited = self.reader.by_ref().take(MAX_LINE);
        limited.read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> usize {
        let mut reader = EventReader::new(text.as_bytes());
        std::iter::from_fn(|| reader.next_change().unwrap().then_some(())).count()
    }

    #[test]
    fn changes_are_told_and_comments_are_not() {
        let text = "retry: 1234\nid: 1-2-3\n\n:\n\n:\r\n\r\n\
            event: change\nid: 1-3-4\ndata: {\"project\":\"p\"}\n\n\
            event:change\r\ndata: {\"cursor\":\"0\"}\r\n\r\n";
        assert_eq!(changes(text), 2);
    }

    #[test]
    fn an_event_that_was_cut_off_is_none() {
        assert_eq!(changes("event: change\nid: 1-2-3\n"), 0);
        assert_eq!(changes("event: cha"), 0);
    }

    #[test]
    fn a_line_without_end_ends_the_stream() {
        let endless = "x".repeat(1 << 20);
        assert_eq!(changes(&(endless + "\n\nevent: change\n\n")), 0);
    }
}
