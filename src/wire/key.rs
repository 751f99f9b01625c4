//! Keys of devices: `/v1/keys`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::body::{self, BodyError};
use super::moment::Moment;
use super::numbers::{millis, optional_millis};
use crate::domain::key::{Grant, KeyName, Projects, Scope};
use crate::domain::{ProjectId, Rev};

/// Projects in the list of a key.
const MAX_PROJECTS: usize = 1000;

/// The body of `POST /v1/keys`. An unknown field is refused, since with a misspelt `projects` or `expires_at` the key would open more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "super::entries::optional")]
    projects: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    expires_at: Option<Moment<'a>>,
    #[serde(borrow, default)]
    unless_made_since: Option<Moment<'a>>,
}

impl<'a> KeyRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        body::parse(body)
    }

    /// The name of the key.
    pub fn name(&self) -> Result<KeyName, BodyError> {
        KeyName::parse(&self.name).map_err(|rule| bad("name", rule))
    }

    /// What the key may do. A time that is over is refused.
    pub fn grant(&self, now_us: Rev) -> Result<Grant, BodyError> {
        let scope = Scope::parse(&self.scope);
        let expires_at = self.expires_at.as_ref();
        let expires_at = expires_at
            .map(|at| at.as_micros("expires_at"))
            .transpose()?;
        if expires_at.is_some_and(|at| at <= now_us) {
            Err(bad("expires_at", "must be in the future"))
        } else {
            Ok(Grant {
                scope: scope.ok_or(bad("scope", "must be read, append, write or manage"))?,
                projects: self.projects()?,
                expires_at,
            })
        }
    }

    /// The moment since which no other key of the name is to have been made.
    pub fn unless_made_since(&self) -> Result<Option<Rev>, BodyError> {
        let since = self.unless_made_since.as_ref();
        since
            .map(|at| at.as_micros("unless_made_since"))
            .transpose()
    }

    fn projects(&self) -> Result<Projects, BodyError> {
        let Some(ids) = &self.projects else {
            return Ok(Projects::All);
        };
        if !(1..=MAX_PROJECTS).contains(&ids.len()) {
            return Err(bad(
                "projects",
                "must have 1 to 1000 ids, or be left out for all projects",
            ));
        }
        let id = |(index, text): (usize, &Cow<str>)| {
            let field = format!("projects[{index}]");
            let id = ProjectId::parse(text.to_string());
            id.ok_or(bad(&field, "must be the id of a project"))
        };
        let ids = ids.iter().enumerate().map(id).collect::<Result<_, _>>()?;
        Ok(Projects::Only(ids))
    }
}

fn bad(field: &str, rule: &str) -> BodyError {
    BodyError::BadField(format!("{field}: {rule}."))
}

/// Seconds for which a secret works after it was replaced, unless a request says otherwise.
const GRACE_S: u32 = 86_400;
const MAX_GRACE_S: u32 = 30 * 86_400;

/// The body of `POST /v1/keys/:id/rotate`, which may be empty. An unknown field is refused, since with a misspelt `grace_s` the secret
/// before would work for a day.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest<'a> {
    #[serde(default)]
    grace_s: Option<u32>,
    #[serde(borrow, default)]
    secret_at: Option<Moment<'a>>,
}

impl<'a> RotateRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        if body.trim_ascii().is_empty() {
            Ok(Self::default())
        } else {
            body::parse(body)
        }
    }

    /// For how long the secret before works, in microseconds.
    pub fn grace_us(&self) -> Result<Rev, BodyError> {
        match self.grace_s.unwrap_or(GRACE_S) {
            grace_s @ 0..=MAX_GRACE_S => Ok(Rev::from(grace_s) * 1_000_000),
            _ => Err(bad(
                "grace_s",
                "must be 0 to 2592000 seconds, which is 30 days",
            )),
        }
    }

    /// When the secret that it replaces was made, as the client knows it.
    pub fn secret_at(&self) -> Result<Option<Rev>, BodyError> {
        let at = self.secret_at.as_ref();
        at.map(|at| at.as_micros("secret_at")).transpose()
    }
}

/// `GET /v1/keys`.
#[derive(Serialize)]
pub struct KeyList {
    /// The newest first; without those that were revoked.
    pub keys: Vec<ListedKey>,
}

/// A key in the list of all.
#[derive(Serialize)]
pub struct ListedKey {
    /// The key.
    #[serde(flatten)]
    pub view: KeyView,
    /// The cursor that the device sent to the change feed of each project, at most ten minutes before it
    /// sent the last.
    pub cursors: BTreeMap<String, String>,
}

/// A key without its secret.
#[derive(Serialize)]
pub struct KeyView {
    /// What the key may do.
    #[serde(flatten)]
    pub own: OwnKey,
    /// Milliseconds since 1970.
    #[serde(serialize_with = "millis")]
    pub created_at: Rev,
    /// When its secret was made, in milliseconds since 1970.
    #[serde(serialize_with = "millis")]
    pub secret_at: Rev,
    /// Milliseconds since 1970, at most ten minutes before the last use; null before the first.
    #[serde(serialize_with = "optional_millis")]
    pub last_used_at: Option<Rev>,
    /// Milliseconds since 1970; null for a key that is not revoked.
    #[serde(serialize_with = "optional_millis")]
    pub revoked_at: Option<Rev>,
}

/// A key with its secret, which is never shown again.
#[derive(Serialize)]
pub struct KeyWithSecret {
    /// What devices send.
    pub key: String,
    /// The key as it is listed.
    #[serde(flatten)]
    pub view: KeyView,
    /// Milliseconds since 1970, until when the secret before works; left out for a new key.
    #[serde(
        serialize_with = "optional_millis",
        skip_serializing_if = "Option::is_none"
    )]
    pub previous_until: Option<Rev>,
}

/// `GET /v1/keys/self`.
#[derive(Serialize)]
pub struct OwnKey {
    /// The public part of the key; null for the owner's.
    pub id: Option<String>,
    /// The name that its owner gave it.
    pub name: String,
    /// `read`, `append`, `write` or `manage`.
    pub scope: &'static str,
    /// The ids of the projects that it opens; null for all.
    pub projects: Option<Vec<String>>,
    /// Milliseconds since 1970; null for a key that does not expire.
    #[serde(serialize_with = "optional_millis")]
    pub expires_at: Option<Rev>,
}

impl OwnKey {
    /// A key with this id and name.
    pub fn new(id: Option<String>, name: String, grant: &Grant) -> Self {
        let ids = match &grant.projects {
            Projects::All => None,
            Projects::Only(ids) => Some(ids),
        };
        let texts = ids.map(|ids| ids.iter().map(|id| id.as_str().to_owned()).collect());
        Self {
            id,
            name,
            scope: grant.scope.as_str(),
            projects: texts,
            expires_at: grant.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(body: &str) -> Result<Grant, BodyError> {
        let request = KeyRequest::parse(body.as_bytes())?;
        request.name()?;
        request.grant(1_000_000)
    }

    #[test]
    fn a_request_for_a_key_is_read() {
        let all = grant(r#"{"name":"laptop","scope":"write"}"#).unwrap();
        assert_eq!((all.scope, all.projects), (Scope::Write, Projects::All));
        let some = r#"{"name":"x","scope":"read","projects":["a","a"],"expires_at":1001}"#;
        let some = grant(some).unwrap();
        assert_eq!(some.expires_at, Some(1_001_000));
        assert!(matches!(some.projects, Projects::Only(ids) if ids.len() == 1));
    }

    #[test]
    fn the_field_that_breaks_a_rule_is_named() {
        for (body, field) in [
            (r#"{"scope":"read"}"#, "name"),
            (r#"{"name":" ","scope":"read"}"#, "name"),
            (r#"{"name":"x"}"#, "scope"),
            (r#"{"name":"x","scope":"admin"}"#, "scope"),
            (r#"{"name":"x","scope":"read","projects":[]}"#, "projects"),
            (
                r#"{"name":"x","scope":"read","projects":["a/b"]}"#,
                "projects[0]",
            ),
            (
                r#"{"name":"x","scope":"read","expires_at":1000}"#,
                "expires_at",
            ),
            (
                r#"{"name":"x","scope":"read","expires_at":"soon"}"#,
                "expires_at",
            ),
        ] {
            let error = grant(body).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{field}: ")), "{error}");
        }
    }

    #[test]
    fn a_rotation_has_a_grace_of_a_day_unless_it_says_otherwise() {
        let grace = |body: &str| RotateRequest::parse(body.as_bytes()).unwrap().grace_us();
        for (body, seconds) in [("", 86_400), ("{}", 86_400), (r#"{"grace_s":0}"#, 0)] {
            assert_eq!(grace(body), Ok(seconds * 1_000_000), "{body}");
        }
        assert!(grace(r#"{"grace_s":2592001}"#).is_err());
        assert!(RotateRequest::parse(br#"{"grace_s":-1}"#).is_err());
    }
}
