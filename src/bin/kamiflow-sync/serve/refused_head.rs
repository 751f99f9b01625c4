//! Answers what is no request. hyper has a bare status for a head that it cannot parse, and nothing
//! for an HTTP/2 preface or a head that does not end. Its own answer is [`Withheld`], and one like
//! any other is sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::header::{CONNECTION, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use wasmtime_wasi_http::WasiBody;

use kamiflow_sync_component::api::request_id::REQUEST_ID;

use super::failure::Failure;
use super::request_headers::request_id;
use super::slots::Slot;

/// Bytes of a request's head. Approximate, because hyper checks after each read.
pub const MAX_HEAD: usize = 64 << 10;
/// hyper's limit for headers.
const MAX_HEADERS: usize = 100;
/// The first bytes of a connection with HTTP/2.
const HTTP_2: &[u8] = b"PRI * HTTP/2.";
/// The first bytes of a connection with TLS: a handshake record of any version.
const TLS: &[u8] = b"\x16\x03";

/// Why there was no request; `None` when there is nothing to answer.
///
/// `unread` is what was received and not treated as a head. hyper takes a head whose `content-length`
/// is too large a number, and then calls the head too large; one that really is stays unread.
pub fn reason(error: &hyper::Error, unread: &[u8]) -> Option<Failure> {
    match error {
        error if error.is_timeout() => (!unread.is_empty()).then_some(Failure::HeadTimeout),
        error if !error.is_parse() => None,
        _ if unread.starts_with(HTTP_2) => Some(Failure::HttpVersion),
        _ if unread.starts_with(TLS) => Some(Failure::Tls),
        error if error.is_parse_too_large() && is_too_large(unread) => Some(Failure::HeadTooLarge),
        _ => Some(Failure::Malformed),
    }
}

fn is_too_large(head: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::Request::new(&mut headers).parse(head) {
        Ok(_) => head.len() >= MAX_HEAD,
        Err(error) => error == httparse::Error::TooManyHeaders,
    }
}

/// A stream that sends nothing while no request is in progress: that would be hyper's own answer.
pub struct Withheld<S> {
    stream: S,
    slot: Arc<Slot>,
    has_answer: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Withheld<S> {
    pub fn new(stream: S, slot: Arc<Slot>) -> Self {
        Self {
            stream,
            slot,
            has_answer: false,
        }
    }

    /// Sends an answer, if none was sent, and ends the connection.
    pub async fn answer(mut self, failure: Failure) -> io::Result<()> {
        if self.slot.is_idle() {
            let bytes = written(failure.response()).await;
            self.stream.write_all(&bytes).await?;
        }
        self.stream.shutdown().await
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(&mut self.get_mut().stream)
    }

    fn withholds(&mut self) -> bool {
        self.has_answer |= self.slot.is_idle();
        self.has_answer
    }
}

async fn written(mut response: Response<WasiBody>) -> Vec<u8> {
    let length = response.body().size_hint().exact().unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id(&mut HeaderMap::new()));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.extend(HeaderValue::from_str(&date).map(|date| (DATE, date)));
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    // It is in memory.
    if let Ok(body) = response.into_body().collect().await {
        bytes.extend(body.to_bytes());
    }
    bytes
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Withheld<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Withheld<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.withholds() {
            Poll::Ready(Ok(bytes.len()))
        } else {
            self.stream().poll_write(context, bytes)
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.withholds() {
            Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
        } else {
            self.stream().poll_write_vectored(context, slices)
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    /// The answer that is sent instead comes after hyper's.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_answer {
            Poll::Ready(Ok(()))
        } else {
            self.stream().poll_shutdown(context)
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::super::slots::ConnectionSlots;
    use super::*;

    #[tokio::test]
    async fn only_what_belongs_to_no_request_is_withheld() {
        let slot = Slot::acquire(&ConnectionSlots::new(1)).await;
        let (server, mut client) = duplex(1 << 10);
        let mut server = Withheld::new(server, slot.clone());
        let request = slot.begin_request();
        server.write_all(b"to a request").await.unwrap();
        server.flush().await.unwrap();
        drop(request);
        slot.flushed();
        server.write_all(b"to none").await.unwrap();
        server.shutdown().await.unwrap();
        server.answer(Failure::Malformed).await.unwrap();
        let mut received = String::new();
        client.read_to_string(&mut received).await.unwrap();
        let (first, answer) = received.split_once("HTTP/1.1").unwrap();
        assert_eq!(first, "to a request");
        assert!(answer.starts_with(" 400 Bad Request\r\n"), "{answer}");
    }

    #[test]
    fn what_follows_a_head_that_hyper_took_is_no_head() {
        let head = format!("GET / HTTP/1.1\r\n{}", "a: b\r\n".repeat(MAX_HEADERS + 1));
        for large in [head.as_bytes(), &[b'x'; MAX_HEAD]] {
            assert!(is_too_large(large));
        }
        for body in ["", "{}", "text", &"{\n".repeat(MAX_HEAD)] {
            assert!(!is_too_large(body.as_bytes()), "{body}");
        }
    }
}
