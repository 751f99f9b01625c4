//! The head of a request, and a short answer, as bytes: so each crosses between the component and the
//! program that runs it in one piece (`exchange` in `wit/world.wit`).
//!
//! A head is lines that end with a line feed, which no header can have inside: the method and the target, or
//! the status, and then a line for each header, as `name:value`. Behind the head of an answer come an
//! empty line and the body.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};

/// Bytes of the body of a short answer, at most.
pub const MAX_SHORT: usize = (16 << 10) - 1;

/// Bytes of most heads.
const USUAL_HEAD: usize = 1 << 10;

/// Writes the head of a request with these headers.
pub fn write_head<'h>(
    method: &Method,
    target: &str,
    headers: impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)>,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_HEAD);
    for part in [method.as_str(), " ", target, "\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    write_headers(&mut bytes, headers);
    bytes
}

/// Reads the head of a request; none when a part of it is malformed.
pub fn read_head(bytes: Vec<u8>) -> Option<Request<()>> {
    let mut rest = Bytes::from(bytes);
    let mut line = take_until(&mut rest, b'\n')?;
    let method = take_until(&mut line, b' ')?;
    let mut head = Request::new(());
    *head.method_mut() = Method::from_bytes(&method).ok()?;
    *head.uri_mut() = Uri::from_maybe_shared(line).ok()?;
    *head.headers_mut() = read_headers(&mut rest)?;
    Some(head)
}

/// Writes an answer.
pub fn write_answer(answer: &Response<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_HEAD + answer.body().len());
    bytes.extend_from_slice(answer.status().as_str().as_bytes());
    bytes.push(b'\n');
    write_headers(&mut bytes, answer.headers().iter());
    bytes.push(b'\n');
    bytes.extend_from_slice(answer.body());
    bytes
}

/// Reads an answer; none when a part of it is malformed. All of it shares the memory of `bytes`.
pub fn read_answer(bytes: Vec<u8>) -> Option<Response<Bytes>> {
    let mut rest = Bytes::from(bytes);
    let status = take_until(&mut rest, b'\n')?;
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::from_bytes(&status).ok()?;
    *answer.headers_mut() = read_headers(&mut rest)?;
    *answer.body_mut() = rest;
    Some(answer)
}

fn write_headers<'h>(
    bytes: &mut Vec<u8>,
    headers: impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)>,
) {
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
}

/// Takes the lines up to an empty one, or to the end.
fn read_headers(bytes: &mut Bytes) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(24);
    while !bytes.is_empty() {
        let mut line = take_until(bytes, b'\n')?;
        if line.is_empty() {
            break;
        }
        let name = take_until(&mut line, b':')?;
        headers.append(
            HeaderName::from_bytes(&name).ok()?,
            HeaderValue::from_maybe_shared(line).ok()?,
        );
    }
    Some(headers)
}

/// Takes what stands before a mark, and the mark itself.
fn take_until(bytes: &mut Bytes, mark: u8) -> Option<Bytes> {
    let end = bytes.iter().position(|byte| *byte == mark)?;
    let taken = bytes.split_to(end);
    _ = bytes.split_to(1);
    Some(taken)
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, ETAG, VARY};

    use super::*;

    fn headers() -> HeaderMap {
        HeaderMap::from_iter([
            (VARY, HeaderValue::from_static("origin")),
            (ETAG, HeaderValue::from_static("W/\"a: b\"")),
            (ACCEPT, HeaderValue::from_bytes(b"caf\xe9\t").unwrap()),
            (
                HeaderName::from_static("x-empty"),
                HeaderValue::from_static(""),
            ),
        ])
    }

    #[test]
    fn a_head_reads_back() {
        let mut headers = headers();
        headers.append(VARY, HeaderValue::from_static("accept"));
        for (method, target) in [("GET", "/a%20b?c=d e"), ("OPTIONS", "*"), ("ODD", "/")] {
            let target = target.replace(' ', "+");
            let method = method.parse().unwrap();
            let head = read_head(write_head(&method, &target, headers.iter())).unwrap();
            assert_eq!(head.method(), method);
            assert_eq!(head.uri(), &*target);
            assert_eq!(*head.headers(), headers);
        }
    }

    #[test]
    fn an_answer_reads_back() {
        for body in ["", "\n", "{}\n\n:", "204\na:b\n\n"] {
            let mut answer = Response::new(body.as_bytes().to_vec());
            *answer.status_mut() = StatusCode::CONFLICT;
            *answer.headers_mut() = headers();
            let read = read_answer(write_answer(&answer)).unwrap();
            assert_eq!(read.status(), StatusCode::CONFLICT);
            assert_eq!(read.headers(), answer.headers());
            assert_eq!(read.body(), body);
        }
    }

    #[test]
    fn what_is_malformed_is_not_read() {
        for head in [
            "",
            "GET /",
            "GET\n",
            "GET \n",
            "GET a b\n",
            "G@T /\n",
            "GET /\nx\n",
            "GET /\nx y:z\n",
            "GET /\nx:\u{1}\n",
        ] {
            assert!(read_head(head.into()).is_none(), "{head:?}");
        }
        for answer in ["", "200", "20\n\n", "1000\n\n", "200\nx\n\n"] {
            assert!(read_answer(answer.into()).is_none(), "{answer:?}");
        }
    }
}
