//! What a guest writes to its standard error: lines of the log like any other, and not
//! without end.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Lines that a guest may write for one request; a panic has four.
const MAX_LINES: usize = 100;
/// Bytes of a line; what is longer goes on in the next.
const MAX_LINE: usize = 4 << 10;

/// The standard error of one instance. Clones are the same.
#[derive(Clone, Default)]
pub struct GuestLog(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    line: Vec<u8>,
    lines: usize,
}

impl GuestLog {
    /// Lets the guest write its number of lines again.
    pub fn begin_request(&self) {
        self.said().lines = 0;
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
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
        if text.is_empty() {
            return;
        }
        self.lines += 1;
        match self.lines {
            ..=MAX_LINES => tracing::warn!(text = &*text, "the component says"),
            lines if lines == MAX_LINES + 1 => tracing::warn!("the component says too much"),
            _ => {}
        }
    }
}

/// What is left without an end of line, as a guest that traps leaves it.
impl Drop for Said {
    fn drop(&mut self) {
        self.end_line();
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.said().add(bytes);
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
    fn a_line_is_put_together_from_its_parts_and_never_longer_than_a_line_may_be() {
        let mut said = Said::default();
        for part in ["error: ", "internal", "\n", "\n", "next"] {
            said.add(part.as_bytes());
        }
        assert_eq!((said.lines, &*said.line), (1, &b"next"[..]));
        said.add(&vec![b'x'; 10 * MAX_LINE]);
        assert!(said.line.len() < 2 * MAX_LINE);
        assert_eq!(said.lines, 11);
    }
}
