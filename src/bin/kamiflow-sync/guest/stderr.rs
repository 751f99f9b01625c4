//! A guest's standard error, as lines of the host's log, limited in number and length.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Lines per request; a panic has four.
const MAX_LINES: usize = 100;
/// Bytes of a line; a longer one is split.
const MAX_LINE: usize = 4 << 10;

/// The stream of one instance. Clones share it.
#[derive(Clone, Default)]
pub struct GuestStderr(Arc<Mutex<LineBuffer>>);

#[derive(Default)]
struct LineBuffer {
    line: Vec<u8>,
    lines: usize,
    /// Set when the guest is stopped on purpose, which it may take for a failure.
    is_stopped: Option<Arc<AtomicBool>>,
}

impl GuestStderr {
    /// Counts the lines from 0 again. Once `is_stopped` is set, there are none.
    pub fn begin_request(&self, is_stopped: Option<Arc<AtomicBool>>) {
        let mut buffer = self.buffer();
        buffer.lines = 0;
        buffer.is_stopped = is_stopped;
    }

    fn buffer(&self) -> MutexGuard<'_, LineBuffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineBuffer {
    fn add(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in part.chunks(MAX_LINE) {
                self.line.extend_from_slice(piece);
                if self.line.ends_with(b"\n") || self.line.len() >= MAX_LINE {
                    self.end_line();
                }
            }
        }
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.line);
        let text = String::from_utf8_lossy(line.trim_ascii());
        let is_stopped = self.is_stopped.as_ref();
        if text.is_empty() || is_stopped.is_some_and(|is_stopped| is_stopped.load(Relaxed)) {
            return;
        }
        self.lines += 1;
        match self.lines {
            ..=MAX_LINES => tracing::warn!(text = &*text, "the component wrote to stderr"),
            lines if lines == MAX_LINES + 1 => {
                tracing::warn!("the component wrote too many lines to stderr")
            }
            _ => {}
        }
    }
}

/// Logs an unfinished last line, which a guest that traps may leave.
impl Drop for LineBuffer {
    fn drop(&mut self) {
        self.end_line();
    }
}

impl IsTerminal for GuestStderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestStderr {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.buffer().add(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_joined_from_its_parts_and_split_when_it_is_too_long() {
        let mut buffer = LineBuffer::default();
        for part in ["error: ", "internal", "\n", "\n", "next"] {
            buffer.add(part.as_bytes());
        }
        assert_eq!((buffer.lines, &*buffer.line), (1, &b"next"[..]));
        buffer.add(&vec![b'x'; 10 * MAX_LINE]);
        assert!(buffer.line.len() < 2 * MAX_LINE);
        assert_eq!(buffer.lines, 11);
    }
}
