//! `POST …/sync`: what a client sends.

use std::borrow::Cow;

use serde::Deserialize;

use super::body::{self, BodyError, Object};
use crate::domain::Rev;

/// The body of a push. Fields that are not listed are ignored.
#[derive(Debug, Deserialize)]
pub struct PushRequest<'a> {
    /// The files that changed.
    #[serde(borrow, deserialize_with = "super::entries::list")]
    pub files: Vec<Object<PushedFile<'a>>>,
    /// The files that were deleted.
    #[serde(borrow, default, deserialize_with = "super::entries::optional")]
    pub deletions: Option<Vec<Deletion<'a>>>,
    /// What the client says about the project.
    #[serde(borrow, default)]
    pub metadata: Option<Object<Metadata<'a>>>,
}

/// A changed file. Its `size` is not read: the content has one.
#[derive(Debug, Deserialize)]
pub struct PushedFile<'a> {
    /// The path below `.kamiflow/`.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// The content in base64.
    #[serde(borrow)]
    pub content: Cow<'a, str>,
    /// SHA-256 of the decoded content, in hex.
    #[serde(borrow)]
    pub checksum: Cow<'a, str>,
    /// When the client last changed the file, by its own clock: milliseconds since 1970; a
    /// fraction is cut off.
    #[serde(deserialize_with = "super::json_number::whole_millis")]
    pub modified: i64,
    /// The rev that this edit started from; 0 when there must never have been such a file.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub base: Option<Rev>,
}

/// A deleted file: its path alone, or with the rev that was deleted.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a path, or an object with path and base"
)]
pub enum Deletion<'a> {
    /// The file is deleted whatever its newest rev is.
    Path(#[serde(borrow)] Cow<'a, str>),
    /// The file is deleted only if its newest rev is this one.
    Entry(#[serde(borrow)] Object<DeletionEntry<'a>>),
}

/// A deleted file with the rev that was deleted.
#[derive(Debug, Deserialize)]
pub struct DeletionEntry<'a> {
    /// The path of the file.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// The rev that the device knew.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub base: Option<Rev>,
}

/// What the client says about the project; an absent or empty name changes nothing.
#[derive(Debug, Deserialize)]
pub struct Metadata<'a> {
    /// 1 to 256 characters.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// Kept as text, at most 2048 characters.
    #[serde(borrow, default, rename = "gitRepo")]
    pub git_repo: Option<Cow<'a, str>>,
}

impl<'a> PushRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong, such as `files[3].checksum`.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        body::parse(body).map_err(|error| match error {
            BodyError::BadField(reason)
                if reason.starts_with("files:") || reason.starts_with("body:") =>
            {
                BodyError::BadField(format!("Invalid files array: {reason}"))
            }
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"path":"a","content":"","checksum":"","modified":1.9,"size":"?"}"#;

    fn error(body: &str) -> String {
        PushRequest::parse(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_old_and_a_new_body_are_read() {
        let body = format!(
            "\u{feff}{{\"files\":[{FILE}],\"deletions\":[\"b\",{{\"path\":\"c\",\"base\":7}}],\"metadata\":null,\"more\":1}}"
        );
        let push = PushRequest::parse(body.as_bytes()).unwrap();
        assert_eq!((push.files[0].0.modified, push.files[0].0.base), (1, None));
        let deletions = push.deletions.unwrap();
        assert!(matches!(&deletions[0], Deletion::Path(path) if path == "b"));
        assert!(
            matches!(&deletions[1], Deletion::Entry(Object(entry)) if (&*entry.path, entry.base) == ("c", Some(7)))
        );
    }

    #[test]
    fn fields_without_their_names_are_refused() {
        let file = "[\"a\",\"\",\"\",1,null]";
        for (body, path) in [
            ("[[]]".to_owned(), "Invalid files array: body:"),
            (format!("{{\"files\":[{file}]}}"), "files[0]:"),
            (
                "{\"files\":[],\"metadata\":[\"x\"]}".to_owned(),
                "metadata:",
            ),
            (
                "{\"files\":[],\"deletions\":[[\"a\",1]]}".to_owned(),
                "deletions[0]:",
            ),
        ] {
            let text = error(&body);
            assert!(text.starts_with(path), "{text}");
        }
    }

    #[test]
    fn an_error_begins_with_the_json_path_of_the_field() {
        for (file, path) in [
            (FILE.replace("checksum", "sum"), "files[1].checksum"),
            (
                FILE.replace("\"checksum\":\"\"", "\"checksum\":5"),
                "files[1].checksum",
            ),
            (
                FILE.replace("\"content\":\"\"", "\"content\":null"),
                "files[1].content",
            ),
            (FILE.replace("1.9", "\"yesterday\""), "files[1].modified"),
            (FILE.replace("1.9", "1e300"), "files[1].modified"),
            (FILE.replace("\"a\"", "[\"a\"]"), "files[1].path"),
            ("null".to_owned(), "files[1]"),
        ] {
            let text = error(&format!("{{\"files\":[{FILE},{file}]}}"));
            assert!(text.starts_with(&format!("{path}:")), "{text}");
        }
        assert!(error(r#"{"files":[],"deletions":"a"}"#).starts_with("deletions:"));
        assert!(error(r#"{"files":[],"deletions":[5]}"#).starts_with("deletions[0]:"));
        assert!(error(r#"{"files":[],"metadata":{"name":{}}}"#).starts_with("metadata.name:"));
    }

    #[test]
    fn a_body_without_an_array_of_files_says_so() {
        for body in [
            "{}",
            "[]",
            "null",
            "5",
            "\"x\"",
            r#"{"files":{}}"#,
            r#"{"files":null}"#,
        ] {
            assert!(
                error(body).starts_with("Invalid files array"),
                "{}",
                error(body)
            );
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_told_apart() {
        for body in ["", "{", "{\"files\":[]} x", "\u{0}", &"[".repeat(100_000)] {
            let error = PushRequest::parse(body.as_bytes()).unwrap_err();
            assert!(
                matches!(error, BodyError::NotJson(_) | BodyError::BadField(_)),
                "{error}"
            );
        }
        assert!(matches!(
            PushRequest::parse(b"{\"files\":[").unwrap_err(),
            BodyError::NotJson(_)
        ));
    }
}
