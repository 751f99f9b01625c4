//! Lines on their way to the log. One thread writes them, so that no request waits for whoever reads the log: a
//! pipe that nobody empties, or a terminal that was stopped, takes no more at some point.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lost;

/// Bytes of lines that wait, beyond which lines are lost.
const MAX_BYTES: usize = 1 << 20;
/// How long lines are gathered, to be written at once. To wake the thread for each took a seventh of the processor time of
/// a small request.
const GATHER: Duration = Duration::from_millis(10);

/// Clones are of one queue.
#[derive(Clone, Default)]
pub struct LogQueue(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    /// Bytes of those that are being written.
    in_writing: usize,
    /// Lost lines that are not reported yet.
    lost: u64,
}

impl LogQueue {
    /// Starts the thread that writes the lines to `out`, and says there how many were lost.
    pub fn write_to(&self, mut out: impl Write + Send + 'static) -> io::Result<()> {
        let queue = self.clone();
        let thread = std::thread::Builder::new().name("log".to_owned());
        thread.spawn(move || queue.write_all_lines(&mut out))?;
        Ok(())
    }

    /// Waits until everything is written, at most for `timeout`.
    pub fn flush(&self, timeout: Duration) {
        let (_, changed) = &*self.0;
        let rest = changed.wait_timeout_while(self.lines(), timeout, |lines| lines.bytes() > 0);
        drop(rest.unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes a line, or counts it as lost.
    fn add(&self, line: &[u8]) {
        let mut lines = self.lines();
        if lines.bytes() + line.len() > MAX_BYTES {
            lines.lost += 1;
            return;
        }
        // The thread waits for the first of those that it will take at once.
        if lines.waiting.is_empty() {
            self.0.1.notify_all();
        }
        lines.waiting.extend_from_slice(line);
    }

    fn write_all_lines(&self, out: &mut impl Write) {
        loop {
            self.wait_for_a_line();
            std::thread::sleep(GATHER);
            let (lines, lost) = self.take();
            // A log that cannot be written is no reason to stop the server.
            _ = out.write_all(&lines);
            if lost > 0 {
                _ = out.write_all(lost::line(lost).as_bytes());
            }
            self.lines().in_writing = 0;
            self.0.1.notify_all();
        }
    }

    fn wait_for_a_line(&self) {
        let (_, changed) = &*self.0;
        let lines = changed.wait_while(self.lines(), |lines| lines.waiting.is_empty());
        drop(lines.unwrap_or_else(PoisonError::into_inner));
    }

    /// The lines that wait, and how many were lost since that was told.
    fn take(&self) -> (Vec<u8>, u64) {
        let mut lines = self.lines();
        lines.in_writing = lines.waiting.len();
        let waiting = std::mem::take(&mut lines.waiting);
        (waiting, std::mem::take(&mut lines.lost))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn bytes(&self) -> usize {
        self.waiting.len() + self.in_writing
    }
}

/// Each write is a whole line.
impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::time::Instant;

    use super::*;

    #[test]
    fn lines_that_nobody_reads_hold_nobody_up_and_are_counted() {
        let (reader, writer) = io::pipe().unwrap();
        let queue = LogQueue::default();
        queue.write_to(writer).unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let count = 3 * MAX_BYTES / line.len();
        (0..count).for_each(|_| queue.add(&line));
        let before = Instant::now();
        queue.flush(Duration::from_millis(50));
        assert!(before.elapsed() >= Duration::from_millis(50));
        let mut log = BufReader::new(reader).lines().map(Result::unwrap);
        let (mut written, mut lost) = (0, 0);
        while written + lost < count {
            // The next lines are followed by how many were lost before.
            queue.add(b"now\n");
            match log.next().unwrap() {
                line if line.starts_with('x') => written += 1,
                line if line == "now" => {}
                line => lost += number_in(&line),
            }
        }
        assert!(written >= 900 && lost >= 1900, "{written} {lost}");
    }

    fn number_in(line: &str) -> usize {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["lines"].as_u64().unwrap().try_into().unwrap()
    }

    #[test]
    fn what_is_in_the_queue_is_written_before_the_end() {
        let (mut reader, writer) = io::pipe().unwrap();
        let queue = LogQueue::default();
        queue.write_to(writer).unwrap();
        (0..100).for_each(|_| queue.add(b"a line\n"));
        queue.flush(Duration::from_secs(10));
        let mut log = [0; 700];
        reader.read_exact(&mut log).unwrap();
        assert_eq!(log[..], b"a line\n".repeat(100));
    }
}
