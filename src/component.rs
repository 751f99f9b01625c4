//! The entry point: WASI on one side, [`http`] types on the other.

#![expect(unsafe_code, reason = "the generated export is a C function")]

#[cfg(not(feature = "wasi-0-3"))]
mod wasi_0_2;
#[cfg(feature = "wasi-0-3")]
mod wasi_0_3;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};

use crate::api::{self, Body};
#[cfg(not(feature = "wasi-0-3"))]
use crate::bindings::wasi::http0_2_0::types::{Fields, Method as WasiMethod};
#[cfg(feature = "wasi-0-3")]
use crate::bindings::wasi::http0_3_0::types::{Fields, Method as WasiMethod};
use crate::bindings::wasi::random::random::get_random_u64;
use crate::error::Error;

struct Component;

crate::bindings::export!(Component with_types_in crate::bindings);

fn answer(head: Option<Request<()>>, body: impl Body) -> Response<Vec<u8>> {
    match head {
        Some(head) => api::answer(head.map(|()| body), get_random_u64),
        None => Error::BadRequest("The request line or a header is malformed.".to_owned())
            .into_response(),
    }
}

fn head(
    method: WasiMethod,
    path_with_query: Option<String>,
    entries: Vec<(String, Vec<u8>)>,
) -> Option<Request<()>> {
    let mut head = Request::new(());
    *head.method_mut() = http_method(method)?;
    *head.uri_mut() = path_with_query.unwrap_or_default().parse::<Uri>().ok()?;
    *head.headers_mut() = headers(entries)?;
    Some(head)
}

fn http_method(method: WasiMethod) -> Option<Method> {
    Some(match method {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Patch => Method::PATCH,
        WasiMethod::Other(name) => name.parse().ok()?,
    })
}

fn headers(entries: Vec<(String, Vec<u8>)>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(entries.len());
    for (name, value) in entries {
        headers.append(
            name.parse::<HeaderName>().ok()?,
            HeaderValue::from_maybe_shared(value).ok()?,
        );
    }
    Some(headers)
}

fn fields(headers: &HeaderMap) -> Fields {
    let entries: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).expect("header names and values are valid")
}

/// The length that the client declares, as far as it is a number.
fn declared_length(content_length: &[Vec<u8>]) -> usize {
    content_length
        .first()
        .and_then(|value| str::from_utf8(value).ok()?.parse().ok())
        .unwrap_or(0)
}
