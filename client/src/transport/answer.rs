//! Tells answers of the server from refusals, and both from what others on the way say.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::header::{LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, StatusCode};

use crate::remote::RemoteError;

/// The pause before another try where the server names none.
const PAUSE: Duration = Duration::from_secs(5);
/// A longer pause than this is not made, whatever a proxy says: asking once an hour costs nobody anything.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// The code of what answers at an address without being a KamiFlow Sync server.
const FOREIGN: &str = "no_sync_server";

/// What the server answered: what was asked for, or that it conflicts with what is stored.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, decompressed.
    pub bytes: Vec<u8>,
    /// Whether the server was at this address before.
    is_known: bool,
}

impl Answer {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, RemoteError> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let reason = format!("What answers there does not speak its protocol: {error}");
            foreign(self.status, &reason, self.is_known)
        })
    }
}

/// The envelope of every failure.
#[derive(Deserialize)]
struct Envelope {
    error: String,
    code: String,
    #[serde(default)]
    retryable: bool,
    path: Option<String>,
}

/// The answer, or why there is none. Where the server was at this address before, another one comes from the way there.
pub fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    bytes: Vec<u8>,
    is_known: bool,
) -> Result<Answer, RemoteError> {
    let answer = |bytes| Answer {
        status,
        bytes,
        is_known,
    };
    if status.is_success() {
        return Ok(answer(bytes));
    }
    match serde_json::from_slice::<Envelope>(&bytes) {
        Ok(envelope) if envelope.code == "conflict" => Ok(answer(bytes)),
        Ok(envelope) => Err(refused(status, headers, envelope)),
        Err(_) => Err(of_others(status, headers, is_known)),
    }
}

fn refused(status: StatusCode, headers: &HeaderMap, envelope: Envelope) -> RemoteError {
    let (sentence, path) = (envelope.error, envelope.path);
    match &*envelope.code {
        _ if envelope.retryable => RemoteError::Wait {
            after: pause(headers),
            sentence,
        },
        // A cursor that the server cannot read, as of a damaged state, is as good as none.
        "resync_required" | "bad_cursor" => RemoteError::Gone,
        "body_too_large" | "file_too_large" | "too_much_memory" => {
            RemoteError::TooLarge { path, sentence }
        }
        _ => RemoteError::Refused {
            status: status.as_u16(),
            sentence: with_advice(&envelope.code, sentence),
            code: envelope.code,
            path,
        },
    }
}

/// The server does not know how this program gets another key.
fn with_advice(code: &str, sentence: String) -> String {
    match code {
        "forbidden" | "key_expired" | "key_revoked" | "malformed_key" | "unauthenticated" => {
            format!("{sentence} `kamisync link` takes another key.")
        }
        _ => sentence,
    }
}

/// What a proxy says, or another program at this address.
fn of_others(status: StatusCode, headers: &HeaderMap, is_known: bool) -> RemoteError {
    match status {
        StatusCode::TOO_MANY_REQUESTS => RemoteError::Wait {
            after: pause(headers),
            sentence: "The server has too many requests.".to_owned(),
        },
        StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::REQUEST_TIMEOUT => {
            RemoteError::Offline(format!("what is in front of it answered {status}"))
        }
        // It takes less than the server behind it says.
        StatusCode::PAYLOAD_TOO_LARGE => RemoteError::TooLarge {
            path: None,
            sentence: "What is in front of the server takes no request of this size.".to_owned(),
        },
        _ if status.is_redirection() => {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.unwrap_or("another address");
            foreign(status, &format!("The server redirects to {to}"), is_known)
        }
        _ => {
            let reason = format!("What answers there is no KamiFlow Sync server: {status}");
            foreign(status, &reason, is_known)
        }
    }
}

fn foreign(status: StatusCode, reason: &str, is_known: bool) -> RemoteError {
    if is_known {
        // As in a network that wants a person to log in first.
        return RemoteError::Offline(format!(
            "something between here and the server answers ({status}): try again later, or run `kamisync link` if its \
             address has changed"
        ));
    }
    RemoteError::Refused {
        status: status.as_u16(),
        code: FOREIGN.to_owned(),
        path: None,
        sentence: format!("{reason}. Run `kamisync link` with the right address."),
    }
}

fn pause(headers: &HeaderMap) -> Duration {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn judged(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Answer, RemoteError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: ureq::http::HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        judge(
            StatusCode::from_u16(status).unwrap(),
            &map,
            body.into(),
            false,
        )
    }

    fn failed(status: u16, headers: &[(&str, &str)], body: &str) -> RemoteError {
        judged(status, headers, body).unwrap_err()
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        let body = r#"{"error":"No.","code":"bad_path","retryable":false,"path":"a"}"#;
        let refused = RemoteError::Refused {
            status: 422,
            code: "bad_path".to_owned(),
            path: Some("a".to_owned()),
            sentence: "No.".to_owned(),
        };
        assert_eq!(failed(422, &[], body), refused);
        let body = r#"{"error":"Too large.","code":"file_too_large","retryable":false,"path":"a"}"#;
        let path = Some("a".to_owned());
        assert!(
            matches!(failed(413, &[], body), RemoteError::TooLarge { path: named, .. } if named == path)
        );
        let body = r#"{"error":"Gone.","code":"resync_required","retryable":false}"#;
        assert_eq!(failed(410, &[], body), RemoteError::Gone);
    }

    #[test]
    fn a_conflict_is_an_answer() {
        let body = r#"{"error":"No.","code":"conflict","retryable":false,"conflicts":[1]}"#;
        let answer = judged(409, &[], body).unwrap();
        assert_eq!(answer.json::<Value>().unwrap()["conflicts"][0], 1);
    }

    #[test]
    fn a_server_that_asks_to_come_back_says_when() {
        let body = r#"{"error":"Too many requests.","code":"rate_limited","retryable":true}"#;
        let pause = |headers| match failed(429, headers, body) {
            RemoteError::Wait { after, .. } => after.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!(pause(&[("retry-after", "812")]), 812);
        assert_eq!(pause(&[]), PAUSE.as_secs());
        assert_eq!(pause(&[("retry-after", "soon")]), PAUSE.as_secs());
        let ever = u64::MAX.to_string();
        assert_eq!(pause(&[("retry-after", &ever)]), LONGEST.as_secs());
        let proxy = failed(429, &[], "slow down");
        assert!(matches!(proxy, RemoteError::Wait { .. }));
    }

    #[test]
    fn a_proxy_without_its_server_is_offline() {
        for status in [502, 503, 504] {
            let failure = failed(status, &[], "<html>Bad Gateway</html>");
            assert!(matches!(failure, RemoteError::Offline(_)), "{failure:?}");
        }
    }

    #[test]
    fn a_proxy_that_takes_less_than_its_server_is_sent_less() {
        let failure = failed(413, &[], "<html>Request Entity Too Large</html>");
        let is_smaller = matches!(failure, RemoteError::TooLarge { path: None, .. });
        assert!(is_smaller, "{failure:?}");
    }

    #[test]
    fn what_is_no_sync_server_is_told() {
        let redirected = failed(301, &[("location", "https://example.com/")], "").to_string();
        let expected = "The server redirects to https://example.com/. ";
        assert!(redirected.starts_with(expected), "{redirected}");
        let not_found = failed(404, &[], "Not Found").to_string();
        assert!(not_found.contains("no KamiFlow Sync server"), "{not_found}");
        let page = judged(200, &[], "<html>").unwrap().json::<Value>();
        assert!(page.unwrap_err().to_string().contains("does not speak"));
    }
}
