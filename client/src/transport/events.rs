//! Reads a stream of server-sent events.

use std::io::{self, BufRead, Read};

/// Bytes of one line; the server's have a few hundred.
const MAX_LINE: u64 = 64 << 10;

/// An open stream.
pub struct EventReader<R> {
    reader: R,
}

/// What an event tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the change feed ends now; none when the project was deleted.
    pub cursor: Option<String>,
}

impl<R: BufRead> EventReader<R> {
    /// Reads events from here.
    pub fn new(reader: R) -> Self {
        Self { reader }
    }

    /// Waits for an event that reports a change; `None` at the end of the stream.
    pub fn next_change(&mut self) -> io::Result<Option<Change>> {
        let (mut is_change, mut id) = (false, None);
        while let Some(line) = self.line()? {
            match line.split_once(':') {
                Some(("event", kind)) => is_change = kind.trim() == "change",
                Some(("id", text)) => id = Some(text.trim().to_owned()),
                None if line.is_empty() && is_change => return Ok(Some(Change { cursor: id })),
                None if line.is_empty() => (is_change, id) = (false, None),
                _ => {}
            }
        }
        Ok(None)
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

    fn changes(text: &str) -> Vec<Option<String>> {
        let mut reader = EventReader::new(text.as_bytes());
        std::iter::from_fn(|| reader.next_change().unwrap().map(|change| change.cursor)).collect()
    }

    #[test]
    fn changes_are_told_and_comments_are_not() {
        let text = "retry: 1234\nid: 1-2-3\n\n:\n\n:\r\n\r\n\
            event: change\nid: 1-3-4\ndata: {\"project\":\"p\"}\n\n\
            event:change\r\ndata: {\"cursor\":\"0\"}\r\n\r\n\
            event: other\nid: 1-5-6\n\n";
        assert_eq!(changes(text), [Some("1-3-4".to_owned()), None]);
    }

    #[test]
    fn an_event_that_was_cut_off_is_none() {
        assert!(changes("event: change\nid: 1-2-3\n").is_empty());
        assert!(changes("event: cha").is_empty());
    }

    #[test]
    fn a_line_without_end_ends_the_stream() {
        let endless = "x".repeat(1 << 20);
        assert!(changes(&(endless + "\n\nevent: change\n\n")).is_empty());
    }
}
