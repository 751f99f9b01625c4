//! Patterns of addresses, such as `/v1/projects/:id/files/*path`, and what they leave open.

use http::Method;
use percent_encoding::percent_decode_str;

use super::error::Error;
use crate::domain::{FilePath, ProjectId};
use crate::wire::excerpt::brief_excerpt;

/// The methods of an address that is read, as an `allow` header lists them.
pub const GET: &str = "GET, HEAD";
/// The methods of an address that changes something.
pub const POST: &str = "POST";
/// The methods of an address that does both.
pub const GET_AND_POST: &str = "GET, HEAD, POST";

/// The parts of a path that a pattern leaves open, still percent-encoded.
pub struct Segments<'p> {
    pub(super) id: &'p str,
    path: &'p str,
}

/// What a route is made of.
pub struct Request<'p> {
    /// The method of the request.
    pub method: &'p Method,
    /// The parts of its path.
    pub segments: Segments<'p>,
}

impl Request<'_> {
    /// The project: 400 for a malformed id.
    pub fn id(&self) -> Result<ProjectId, Error> {
        project_id(self.segments.id).ok_or_else(|| {
            let rule =
                "A project id has 1 to 200 bytes of UTF-8 without slashes and control characters.";
            Error::BadRequest(rule.to_owned())
        })
    }

    /// The id of a key, which may be no such id: only with a key of one's own is one told.
    pub fn key(&self) -> Result<String, Error> {
        let rule = "The id of a key is not percent-encoded UTF-8.";
        decode(self.segments.id).ok_or_else(|| Error::BadRequest(rule.to_owned()))
    }

    /// The path of a file: 422 for one that breaks a rule.
    pub fn path(&self) -> Result<FilePath, Error> {
        let rule = "The path is not percent-encoded UTF-8.";
        let text = decode(self.segments.path).ok_or_else(|| Error::BadRequest(rule.to_owned()))?;
        FilePath::parse(&text).map_err(|rule| Error::BadPath {
            path: brief_excerpt(&text),
            rule,
        })
    }
}

pub(super) fn project_id(segment: &str) -> Option<ProjectId> {
    decode(segment).and_then(ProjectId::parse)
}

/// Whether a method is among those of an `allow` header.
pub fn takes(methods: &str, method: &Method) -> bool {
    methods.split([',', ' ']).any(|known| known == method)
}

/// The first entry of a table whose pattern matches a path. Fixed words match in either case, and a
/// trailing slash is accepted.
pub fn find<'t, 'p, T>(
    table: &'t [T],
    pattern: impl Fn(&T) -> &'static str,
    path: &'p str,
) -> Option<(&'t T, Segments<'p>)> {
    let path = match path {
        "/" | "//" => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    };
    table
        .iter()
        .find_map(|entry| Some((entry, matches(pattern(entry), path)?)))
}

/// Byte by byte: most patterns of a table differ from the path in their first bytes.
fn matches<'p>(mut pattern: &str, mut path: &'p str) -> Option<Segments<'p>> {
    let mut id = "";
    while let Some(expected) = pattern.bytes().next() {
        match expected {
            b':' => {
                let end = path.bytes().position(|byte| byte == b'/');
                (id, path) = path.split_at(end.unwrap_or(path.len()));
                pattern = &pattern[":id".len()..];
            }
            b'*' => return (!path.is_empty()).then_some(Segments { id, path }),
            _ => {
                let byte = path.bytes().next()?;
                if !byte.eq_ignore_ascii_case(&expected) {
                    return None;
                }
                (pattern, path) = (&pattern[1..], &path[1..]);
            }
        }
    }
    path.is_empty().then_some(Segments { id, path })
}

/// Undoes percent-encoding; `None` for a percent sign without two hex digits, or what is not UTF-8.
fn decode(encoded: &str) -> Option<String> {
    let is_escape =
        |tail: &str| tail.len() >= 2 && tail.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if !encoded.split('%').skip(1).all(is_escape) {
        return None;
    }
    Some(percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_all_of_a_path() {
        let open = |path| matches("/v1/projects/:id/files/*path", path).map(|it| (it.id, it.path));
        assert_eq!(open("/V1/Projects/Ab/files/c/d"), Some(("Ab", "c/d")));
        for path in [
            "/v1/projects/Ab/files",
            "/v1/projects/Ab/files/",
            "/v1/projects",
        ] {
            assert_eq!(open(path), None, "{path}");
        }
        for path in ["/v1/keys/a/b", "/v1/keys", "/v1/keyſ/a", "/v1/kéys/a"] {
            assert!(matches("/v1/keys/:id", path).is_none(), "{path}");
        }
        let id = |path| matches("/v1/projects/:id/sync", path).map(|it| it.id);
        assert_eq!(id("/v1/projects/é:id/sync"), Some("é:id"));
        assert_eq!(id("/v1/projects//sync"), Some(""));
    }

    #[test]
    fn what_is_not_encoded_well_is_no_text() {
        assert_eq!(decode("ghi%20ch%C3%BA").as_deref(), Some("ghi chú"));
        for encoded in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
    }
}
