//! One server: sends requests with the key, tries again what failed on the way.

use std::io::{BufReader, Read};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue,
};
use ureq::http::{Method, Request, Response, request};
use ureq::{Agent, Body as ResponseBody};

use super::address::Address;
use super::agent::agent;
use super::answer::{Answer, judge};
use super::backoff::Backoff;
use super::body::Body;
use super::events::EventReader;
use super::offline::offline;
use super::rate::Rate;
use super::received;
use crate::remote::RemoteError;

const DEVICE: HeaderName = HeaderName::from_static("x-device");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How often a request is sent when it fails on the way.
const TRIES: u32 = 3;
/// A server that asks for a longer pause is not waited for; its caller decides.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream from which nothing comes for this long is dead: a comment is due every 15 seconds.
const SILENCE: Duration = Duration::from_secs(40);

/// A server, with the key that opens it.
pub struct Server {
    agent: Agent,
    address: Address,
    headers: HeaderMap,
    rate: Mutex<Rate>,
    is_known: bool,
}

/// A stream of events.
pub type Stream = EventReader<BufReader<Box<dyn Read>>>;

impl Server {
    /// A server at this address. `device` is the name of this device in the history.
    pub fn new(address: Address, key: &str, device: &str) -> Result<Self, RemoteError> {
        let mut headers = HeaderMap::new();
        // Without a header that can be sent, the server says that the key is missing.
        if let Ok(mut key) = HeaderValue::from_str(&format!("Bearer {key}")) {
            key.set_sensitive(true);
            headers.insert(AUTHORIZATION, key);
        }
        if let Ok(device) = HeaderValue::from_bytes(device.as_bytes()) {
            headers.insert(DEVICE, device);
        }
        Ok(Self {
            agent: agent(&address)?,
            address,
            headers,
            rate: Mutex::default(),
            is_known: false,
        })
    }

    /// The same where it was at this address before: whatever else answers there is on the way.
    pub fn known(self, is_known: bool) -> Self {
        Self { is_known, ..self }
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a GET request.
    pub fn get(&self, path: &str) -> Result<Answer, RemoteError> {
        self.persist(|| {
            let mut request = self.request(Method::GET, path);
            // On this machine itself, compression would only take time.
            if !self.address.is_loopback() {
                request = request.header(ACCEPT_ENCODING, "gzip");
            }
            self.answer(request, &[])
        })
    }

    /// Posts JSON. It is sent again when the way there fails, so it must not matter how often it comes.
    pub fn post(&self, path: &str, value: &impl Serialize) -> Result<Answer, RemoteError> {
        let body = Body::new(value, self.address.is_loopback());
        self.persist(|| {
            let mut request = self.request(Method::POST, path);
            request = request.header(CONTENT_TYPE, "application/json");
            if body.is_gzip {
                request = request.header(CONTENT_ENCODING, "gzip");
            }
            self.answer(request, &body.bytes)
        })
    }

    /// Opens a stream of events that continues after the event `last_id`.
    pub fn stream(&self, path: &str, last_id: Option<&str>) -> Result<Stream, RemoteError> {
        let mut request = self.request(Method::GET, path);
        request = request.header(ACCEPT, "text/event-stream");
        // What cannot be sent is no cursor of this server; the stream begins with the newest then.
        if let Some(Ok(id)) = last_id.map(HeaderValue::from_str) {
            request = request.header(LAST_EVENT_ID, id);
        }
        let request = sound(request, &[]);
        let request = self.agent.configure_request(request);
        let request = request.timeout_per_read(Some(SILENCE)).build();
        let response = self.sent(request)?;
        if !response.status().is_success() {
            self.judged(response)?;
            return Err(RemoteError::Gone);
        }
        let body: Box<dyn Read> = Box::new(response.into_body().into_reader());
        Ok(EventReader::new(BufReader::new(body)))
    }

    /// How long to wait before the next round, so that the rate limit is never met.
    pub fn pause(&self) -> Duration {
        self.rate().pause(Instant::now())
    }

    fn rate(&self) -> std::sync::MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(self.address.join(path));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        request
    }

    fn answer(&self, request: request::Builder, body: &[u8]) -> Result<Answer, RemoteError> {
        self.judged(self.sent(sound(request, body))?)
    }

    fn sent(&self, request: Request<&[u8]>) -> Result<Response<ResponseBody>, RemoteError> {
        let response = self.agent.run(request).map_err(offline)?;
        self.rate().note(response.headers(), Instant::now());
        Ok(response)
    }

    fn judged(&self, mut response: Response<ResponseBody>) -> Result<Answer, RemoteError> {
        let bytes = received::read(&mut response).map_err(|error| offline(error.into()))?;
        let (head, _) = response.into_parts();
        judge(head.status, &head.headers, bytes, self.is_known)
    }

    /// Tries again what failed on the way, or what the server asks to repeat soon.
    fn persist(
        &self,
        send: impl Fn() -> Result<Answer, RemoteError>,
    ) -> Result<Answer, RemoteError> {
        let mut backoff = Backoff::new(Duration::from_millis(250), WAIT_TIMEOUT);
        for _ in 1..TRIES {
            let asked = match send() {
                Err(RemoteError::Offline(_)) => Duration::ZERO,
                Err(RemoteError::Wait { after, .. }) if after <= WAIT_TIMEOUT => after,
                answer => return answer,
            };
            sleep(backoff.pause().max(asked));
        }
        send()
    }
}

fn sound(request: request::Builder, body: &[u8]) -> Request<&[u8]> {
    request.body(body).expect("the address was checked")
}
