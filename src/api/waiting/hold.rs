//! Instructions to the host that holds a connection while nothing happens, by the convention GRIP.
//!
//! A handler that finds nothing newer answers at once, and says in headers of its answer what to wait
//! for. The host asks again when a channel has news, and passes none of these headers on, in either
//! direction. So nobody who waits has an instance.

use std::str::FromStr;
use std::time::Duration;

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
};
use http::{Method, Request, Response};

use super::again::strip;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::request::parameter;
use crate::domain::key::Projects;
use crate::domain::{Checksum, ProjectId};
use crate::wire::numbers::parse_limit;

const HOLD: HeaderName = HeaderName::from_static("grip-hold");
const STREAM: &str = "stream";
const CHANNEL: HeaderName = HeaderName::from_static("grip-channel");
const TIMEOUT: HeaderName = HeaderName::from_static("grip-timeout");
/// Ours: where the client of a stream is.
const LAST_ID: HeaderName = HeaderName::from_static("grip-last-id");
/// Ours: whose waiting connections are counted together.
const CALLER: HeaderName = HeaderName::from_static("grip-caller");
const MOST: HeaderName = HeaderName::from_static("grip-caller-limit");
/// Ours: when the key may open less than now, in microseconds since 1970.
const KEY_CHANGE: HeaderName = HeaderName::from_static("grip-key-change");
/// The longest `wait`, in seconds.
pub const MAX_WAIT_S: u32 = 60;
/// Seconds after which a client may try to wait again when too many do.
const RETRY_S: u64 = 5;
/// The channel that has news when any project changes.
pub(super) const PROJECTS: &str = "projects";
/// Connections of one key of a device that may wait at once. Those of the owner's key, which many
/// devices share, have no limit but that of the host.
pub(super) const MAX_WAITING_PER_KEY: usize = 4;
/// Stands for the owner's key.
const OWNER: &str = "owner";

/// What to do with an answer that has nothing new.
#[derive(Debug, PartialEq, Eq)]
pub struct Hold {
    /// News on any of these ends the wait.
    pub channels: Vec<String>,
    /// The answer is sent after this time; a stream ends.
    pub timeout: Duration,
    /// Where the client of a stream is after the answer; none without a stream.
    pub last_id: Option<String>,
    /// The name by which those who wait are counted.
    pub caller: String,
    /// How many of this name may wait at once.
    pub most: usize,
    /// When the key may open less than now, in microseconds since 1970, as far as it is known.
    pub key_change: Option<i64>,
}

impl Hold {
    /// Waits for a change of this project.
    pub(in crate::api) fn for_project(id: &ProjectId, caller: &Caller, timeout: Duration) -> Self {
        Self::new(vec![project_channel(id)], caller, timeout, None)
    }

    /// Sends the news of these channels as they come.
    pub(in crate::api) fn stream(
        channels: Vec<String>,
        caller: &Caller,
        length: Duration,
        last_id: String,
    ) -> Self {
        Self::new(channels, caller, length, Some(last_id))
    }

    fn new(
        mut channels: Vec<String>,
        caller: &Caller,
        timeout: Duration,
        last_id: Option<String>,
    ) -> Self {
        let key = caller.device_key();
        channels.extend(key.map(|key| key_channel(&key.id)));
        Self {
            channels,
            timeout,
            last_id,
            caller: key.map_or(OWNER, |key| &key.id).to_owned(),
            most: key.map_or(usize::MAX, |_| MAX_WAITING_PER_KEY),
            key_change: key.and_then(|key| key.next_change(now_us())),
        }
    }

    /// Adds the instruction to an answer.
    pub(in crate::api) fn write(&self, headers: &mut HeaderMap) {
        let mode = if self.last_id.is_some() {
            STREAM
        } else {
            "response"
        };
        headers.insert(HOLD, HeaderValue::from_static(mode));
        headers.insert(TIMEOUT, self.timeout.as_secs().into());
        headers.insert(MOST, self.most.into());
        headers.extend(self.key_change.map(|at| (KEY_CHANGE, at.into())));
        let texts = self.channels.iter().map(|channel| (CHANNEL, channel));
        let last_id = self.last_id.iter().map(|id| (LAST_ID, id));
        for (name, text) in texts.chain(last_id).chain([(CALLER, &self.caller)]) {
            let value = HeaderValue::from_str(text);
            headers.append(name, value.expect("ids and cursors in ASCII"));
        }
    }

    /// The device key of those who wait; none for the owner's.
    pub fn key(&self) -> Option<&str> {
        Some(self.caller.as_str()).filter(|caller| *caller != OWNER)
    }

    /// Reads the instruction of an answer, and takes it out.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let is_stream = headers.remove(HOLD)? == STREAM;
        let last_id = headers.remove(LAST_ID).as_ref().and_then(text);
        let timeout = headers.remove(TIMEOUT).as_ref().and_then(number);
        let channels = headers.get_all(CHANNEL).iter().filter_map(text).collect();
        headers.remove(CHANNEL);
        Some(Self {
            channels,
            timeout: Duration::from_secs(timeout.unwrap_or(0)),
            last_id: last_id.filter(|_| is_stream),
            caller: headers.remove(CALLER).as_ref().and_then(text)?,
            most: headers.remove(MOST).as_ref().and_then(number)?,
            key_change: headers.remove(KEY_CHANGE).as_ref().and_then(number),
        })
    }
}

/// Ends a stream of an answer after this time, if it has one.
pub fn shorten_stream(headers: &mut HeaderMap, length: Duration) {
    if headers.get(HOLD).is_some_and(|mode| mode == STREAM) {
        headers.insert(TIMEOUT, length.as_secs().into());
    }
}

fn text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

fn number<T: FromStr>(value: &HeaderValue) -> Option<T> {
    value.to_str().ok()?.parse().ok()
}

/// The channel that has news when the project changes. A key may open 1,000 projects with long names, so it
/// is named by a hash.
pub(in crate::api) fn project_channel(id: &ProjectId) -> String {
    let digits = Checksum::of(id.as_str().as_bytes()).to_string();
    format!("project:{}", &digits[..32])
}

/// The channel that has news when the key is revoked, or another secret opens it.
pub(super) fn key_channel(id: &str) -> String {
    format!("key:{id}")
}

/// The channels that have news when any of these projects changes.
pub(in crate::api) fn channels(projects: &Projects) -> Vec<String> {
    match projects {
        Projects::All => vec![PROJECTS.to_owned()],
        Projects::Only(ids) => ids.iter().map(project_channel).collect(),
    }
}

/// How long this request wants to wait for a change, up to a minute. HEAD never waits.
pub(in crate::api) fn wait(head: &Request<()>) -> Option<Duration> {
    let seconds = match head.method() {
        &Method::GET => parse_limit(&parameter(head, "wait").unwrap_or_default(), 0, MAX_WAIT_S),
        _ => 0,
    };
    (seconds > 0).then_some(Duration::from_secs(seconds.into()))
}

/// Why nobody more may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// As many wait already as may.
    ForAnybody,
    /// As many with this key wait already as may.
    ForKey,
}

/// The answer in place of a held one when too many wait already. It keeps what every answer
/// carries.
pub fn too_many(held: &HeaderMap, reason: NoPlace) -> Response<Vec<u8>> {
    let retry_after_s = RETRY_S;
    let error = match reason {
        NoPlace::ForAnybody => Error::TooManyWaiting { retry_after_s },
        NoPlace::ForKey => Error::KeyWaits {
            limit: MAX_WAITING_PER_KEY,
            retry_after_s,
        },
    };
    let mut refusal = error.into_response();
    let mut headers = held.clone();
    for name in [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG] {
        headers.remove(name);
    }
    strip(&mut headers);
    headers.extend(refusal.headers().clone());
    headers.insert(CONTENT_LENGTH, refusal.body().len().into());
    *refusal.headers_mut() = headers;
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn an_instruction_reads_back_and_is_gone_then() {
        for name in ["p", "ghi chú, \"x\"; y"] {
            let hold = Hold::for_project(&id(name), &Caller::Owner, Duration::from_secs(30));
            let mut headers = HeaderMap::new();
            hold.write(&mut headers);
            assert_eq!(Hold::take(&mut headers), Some(hold));
            assert!(headers.is_empty());
        }
        assert_eq!(Hold::take(&mut HeaderMap::new()), None);
    }

    #[test]
    fn a_stream_is_told_from_an_answer_by_its_id() {
        let channels = vec!["a".to_owned(), "b".to_owned()];
        let length = Duration::from_secs(300);
        let hold = Hold {
            key_change: Some(1_760_000_000_123_456),
            ..Hold::stream(channels, &Caller::Owner, length, String::new())
        };
        let mut headers = HeaderMap::new();
        hold.write(&mut headers);
        assert_eq!(Hold::take(&mut headers), Some(hold));
        assert!(headers.is_empty());
    }

    #[test]
    fn no_two_projects_share_a_channel() {
        let names = ["a", "A", "a b", "a%20b", "a+b", "ü", "%C3%BC"];
        let channels: std::collections::HashSet<_> = names
            .iter()
            .map(|name| project_channel(&id(name)))
            .collect();
        assert_eq!(channels.len(), names.len());
    }

    #[test]
    fn a_wait_has_one_second_to_sixty() {
        let wait = |method: Method, wait: &str| {
            let uri = format!("/?wait={wait}");
            let head = Request::builder().method(method).uri(uri);
            super::wait(&head.body(()).unwrap()).map(|time| time.as_secs())
        };
        for (text, seconds) in [
            ("1", Some(1)),
            ("60", Some(60)),
            ("61", Some(60)),
            ("99999999999999999999", Some(60)),
            ("0", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(Method::GET, text), seconds, "{text}");
        }
        assert_eq!(wait(Method::HEAD, "30"), None);
    }

    #[test]
    fn a_refusal_keeps_what_every_answer_carries() {
        let mut held = HeaderMap::new();
        held.insert("x-request-id", HeaderValue::from_static("1"));
        held.insert(ETAG, HeaderValue::from_static("\"x\""));
        Hold::for_project(&id("p"), &Caller::Owner, Duration::from_secs(60)).write(&mut held);
        let refusal = too_many(&held, NoPlace::ForAnybody);
        assert_eq!(refusal.status(), 429);
        let headers = refusal.headers();
        assert_eq!(headers["x-request-id"], "1");
        assert_eq!(headers["retry-after"], "5");
        assert_eq!(headers[CONTENT_LENGTH], refusal.body().len().to_string());
        assert!(!headers.contains_key(ETAG) && !headers.contains_key(HOLD));
    }
}
