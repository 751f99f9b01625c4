//! What a handler that changed a project tells the host, for those who wait: it goes with the answer,
//! after the commit, and the host takes it out.

use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::hold::{PROJECTS, key_channel, project_channel};
use crate::domain::{Cursor, ProjectId, Rev};
use crate::store::{Applied, LatestChange};
use crate::wire::{event, json};

const PUBLISH: HeaderName = HeaderName::from_static("grip-publish");

/// News of one project, or of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Clients that wait for one of these get it. The first is the channel of the project or key alone.
    pub channels: Vec<String>,
    /// Says which of two of the same project is newer; none for one that always counts.
    pub rev: Option<Rev>,
    /// The id of the event, unless streams continue from their last one.
    pub id: Option<String>,
    /// The event, as streams send it. Without one, those who wait look again.
    pub content: Option<String>,
}

impl Publication {
    /// What a push or a restore by `device` has changed; `None` when it is nothing.
    pub(in crate::api) fn of(
        id: &ProjectId,
        applied: &Applied,
        device: Option<&str>,
    ) -> Option<Self> {
        let is_change = applied.is_change();
        is_change.then(|| Self::at_cursor(id, applied.cursor, device))
    }

    /// The project is at this cursor, by what `device` did.
    pub(in crate::api) fn at_cursor(id: &ProjectId, cursor: Cursor, device: Option<&str>) -> Self {
        Self {
            rev: Some(cursor.rev),
            id: Some(cursor.to_string()),
            ..Self::at(id, cursor, device)
        }
    }

    /// What the store knows of a project; `None` for one whose id is no id.
    pub fn of_latest(change: LatestChange) -> Option<Self> {
        let id = ProjectId::parse(change.project)?;
        Some(Self::at_cursor(
            &id,
            change.cursor,
            change.device.as_deref(),
        ))
    }

    /// A key of a device, or its secret, opens nothing any more, or soon.
    pub(in crate::api) fn of_key(id: &str) -> Self {
        Self {
            channels: vec![key_channel(id)],
            rev: None,
            id: None,
            content: None,
        }
    }

    /// The project is deleted.
    pub(in crate::api) fn of_deletion(id: &ProjectId) -> Self {
        Self::at(id, Cursor::BEGINNING, None)
    }

    fn at(id: &ProjectId, cursor: Cursor, device: Option<&str>) -> Self {
        Self {
            channels: vec![project_channel(id), PROJECTS.to_owned()],
            rev: None,
            id: None,
            content: Some(event::change(id.as_str(), cursor, device)),
        }
    }

    /// Moves the publication of an answer to the one that is sent in its place.
    pub fn pass_on(from: &mut HeaderMap, to: &mut HeaderMap) {
        to.extend(from.remove(PUBLISH).map(|news| (PUBLISH, news)));
    }

    /// Reads the publication of an answer, and takes it out.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        serde_json::from_slice(headers.remove(PUBLISH)?.as_bytes()).ok()
    }
}

/// Sends news with an answer.
pub(in crate::api) fn with_news(
    mut response: Response<Vec<u8>>,
    news: Option<&Publication>,
) -> Response<Vec<u8>> {
    let header = news.map(|news| {
        let value = HeaderValue::from_maybe_shared(json::to_vec(news));
        let value = value.expect("JSON in ASCII, whose texts have no control characters");
        (PUBLISH, value)
    });
    response.headers_mut().extend(header);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_reads_back_and_is_gone_then() {
        let id = ProjectId::parse("ghi chú 🔒".to_owned()).unwrap();
        let publication = Publication {
            rev: Some(1_760_000_000_123_456),
            id: Some("1-2-3".to_owned()),
            ..Publication::of_deletion(&id)
        };
        let mut response = with_news(Response::new(Vec::new()), Some(&publication));
        let mut other = HeaderMap::new();
        Publication::pass_on(response.headers_mut(), &mut other);
        Publication::pass_on(&mut other, response.headers_mut());
        assert!(other.is_empty());
        assert_eq!(Publication::take(response.headers_mut()), Some(publication));
        assert!(response.headers().is_empty());
    }
}
