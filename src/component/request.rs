//! Heads of requests and of answers, between WASI and [`http`].

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

#[cfg(not(feature = "wasi-0-3"))]
use super::bindings::wasi::http::types::{Fields, Method as WasiMethod};
#[cfg(feature = "wasi-0-3")]
use super::bindings::wasi::http0_3_0::types::{Fields, Method as WasiMethod};

/// The head of a request; none when a part of it is malformed.
pub(super) fn head(
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

/// Headers for WASI.
pub(super) fn fields(headers: &HeaderMap) -> Fields {
    let entries: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).expect("header names and values are valid")
}
