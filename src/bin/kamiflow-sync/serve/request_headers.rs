//! Makes a request look to the component as it does on Spin
//! (`crates/trigger-http/src/{headers,server,wasi}.rs`), for the route `/...`.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Uri, request};
use kamiflow_sync_component::api::for_log::DEVICE;
use kamiflow_sync_component::api::request_id::{REQUEST_ID, is_request_id};
use kamiflow_sync_component::api::waiting::again::strip;

use super::failure::Failure;

const SPIN_PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const SPIN_FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
/// What Spin says of every request to the route `/...`.
const SPIN_ROUTE: [(HeaderName, HeaderValue); 4] = [
    (
        HeaderName::from_static("spin-matched-route"),
        HeaderValue::from_static("/..."),
    ),
    (
        HeaderName::from_static("spin-base-path"),
        HeaderValue::from_static("/"),
    ),
    (
        HeaderName::from_static("spin-raw-component-route"),
        HeaderValue::from_static("/..."),
    ),
    (
        HeaderName::from_static("spin-component-route"),
        HeaderValue::from_static(""),
    ),
];

/// Makes the URI absolute and sets Spin's other headers, replacing any that the client sent. What only
/// the host may say is removed.
///
/// A request without a host, as HTTP/1.0 allows, is treated as one for `localhost`; Spin refuses
/// it.
///
/// # Errors
///
/// When there is more than one host, or the host is not valid in a URL, or differs from the one of
/// the request line.
pub fn prepare(request: &mut request::Parts) -> Result<(), Failure> {
    let authority = authority(&request.uri, &request.headers)?;
    let mut uri = std::mem::take(&mut request.uri).into_parts();
    let path_and_query = uri
        .path_and_query
        .as_ref()
        .map_or("/", |path| path.as_str());
    let path = path_and_query.split('?').next().unwrap_or_default();
    let full_url = format!("http://{authority}{path_and_query}");
    let headers = &mut request.headers;
    headers.remove(CONNECTION);
    strip(headers);
    headers.insert(SPIN_PATH_INFO, value(path)?);
    headers.insert(SPIN_FULL_URL, value(&full_url)?);
    headers.extend(SPIN_ROUTE);
    headers.insert(DEVICE, HeaderValue::from_static("?1"));
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority);
    request.uri = Uri::from_parts(uri).map_err(|_| Failure::BadHost)?;
    Ok(())
}

/// Sets Spin's header with the address of the client, replacing any that the client sent.
pub fn set_client(headers: &mut HeaderMap, client: SocketAddr) {
    let address = HeaderValue::from_str(&client.to_string());
    headers.insert(SPIN_CLIENT_ADDR, address.expect("an address is ASCII"));
}

fn value(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|_| Failure::BadHost)
}

fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Failure> {
    let parse = |host: &HeaderValue| Authority::try_from(host.as_bytes());
    let mut hosts = headers.get_all(HOST).iter();
    let header = hosts.next().map(parse).transpose();
    if hosts.next().is_some() {
        return Err(Failure::BadHost);
    }
    match (header.map_err(|_| Failure::BadHost)?, uri.authority()) {
        (None, None) => Ok(Authority::from_static("localhost")),
        (Some(header), None) => Ok(header),
        (None, Some(of_uri)) => Ok(of_uri.clone()),
        (Some(header), Some(of_uri)) if header == *of_uri => Ok(header),
        (Some(_), Some(_)) => Err(Failure::BadHost),
    }
}

/// The request's id: the client's, when it will do, else 16 random hexadecimal digits, which are added to
/// `headers`.
pub fn request_id(headers: &mut HeaderMap) -> HeaderValue {
    let sent = headers.get(REQUEST_ID);
    if let Some(sent) = sent.filter(|sent| is_request_id(sent)) {
        return sent.clone();
    }
    // Asks the system once for each thread, and not once for each request.
    let random = RandomState::new().hash_one(());
    let generated = HeaderValue::from_str(&format!("{random:016x}"));
    let id = generated.unwrap_or(HeaderValue::from_static("0"));
    headers.insert(REQUEST_ID, id.clone());
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(request: http::request::Builder) -> Result<request::Parts, Failure> {
        let mut parts = request.body(()).unwrap().into_parts().0;
        set_client(&mut parts.headers, ([192, 0, 2, 1], 5555).into());
        prepare(&mut parts)?;
        Ok(parts)
    }

    #[test]
    fn the_component_gets_the_headers_of_spin() {
        let request = http::Request::get("/a/b?c=d").header(HOST, "example.org:3000");
        let parts = prepared(request).unwrap();
        let header = |name: &str| parts.headers[name].to_str().unwrap();
        assert_eq!(header("spin-full-url"), "http://example.org:3000/a/b?c=d");
        assert_eq!(header("spin-path-info"), "/a/b");
        assert_eq!(header("spin-client-addr"), "192.0.2.1:5555");
        assert_eq!(header("spin-matched-route"), "/...");
        assert_eq!(header("spin-component-route"), "");
        assert_eq!(parts.uri, "http://example.org:3000/a/b?c=d");
    }

    #[test]
    fn a_client_cannot_forge_its_address() {
        let request = http::Request::get("/")
            .header(SPIN_CLIENT_ADDR, "127.0.0.1:1")
            .header(SPIN_CLIENT_ADDR, "127.0.0.1:2");
        let parts = prepared(request).unwrap();
        let seen: Vec<_> = parts.headers.get_all(SPIN_CLIENT_ADDR).iter().collect();
        assert_eq!(seen, ["192.0.2.1:5555"]);
    }

    #[test]
    fn the_connection_header_is_not_passed_on() {
        let request = http::Request::get("/").header(CONNECTION, "keep-alive");
        assert!(!prepared(request).unwrap().headers.contains_key(CONNECTION));
    }

    #[test]
    fn two_hosts_an_invalid_one_and_one_that_contradicts_the_request_line_are_refused() {
        let two = http::Request::get("/").header(HOST, "x").header(HOST, "x");
        assert_eq!(prepared(two).unwrap_err(), Failure::BadHost);
        let invalid = http::Request::get("/").header(HOST, "a b");
        let other = http::Request::get("http://one.example/").header(HOST, "two.example");
        assert_eq!(prepared(invalid).unwrap_err(), Failure::BadHost);
        assert_eq!(prepared(other).unwrap_err(), Failure::BadHost);
    }

    #[test]
    fn a_valid_id_is_kept_and_any_other_replaced() {
        let kept = |id: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(id));
            let kept = request_id(&mut headers) == id;
            assert!(is_request_id(&headers[REQUEST_ID]));
            kept
        };
        assert!(kept("Ab0._-"));
        assert!(!kept("") && !kept("a b") && !kept("{}"));
    }
}
