//! The route table: every address of the server and the methods it takes.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::project::{FilePath, ProjectId};

/// An address of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// Is the server alive?
    Health,
    /// What there is to ask, for programs.
    OpenApi,
    /// Protocol version, capabilities and limits.
    Info,
    /// The list of projects.
    Projects,
    /// The project as a whole.
    Project(ProjectId),
    /// Push: a batch of changed and deleted files.
    Sync(ProjectId),
    /// Pull: a page of changed files.
    Files(ProjectId),
    /// One file.
    File(ProjectId, FilePath),
    /// The change feed, with deletions.
    Changes(ProjectId),
    /// Counts, the time of the last change, the digest.
    Status(ProjectId),
    /// Every live file, without content.
    Manifest(ProjectId),
    /// What a device must do to be in step.
    Diff(ProjectId),
    /// The versions of one path.
    History(ProjectId),
    /// Makes old versions new again.
    Restore(ProjectId),
}

/// Every address as a pattern, with its methods: what a `405` allows.
const ROUTES: [(&str, &str); 14] = [
    ("/health", "GET, HEAD"),
    ("/openapi.json", "GET, HEAD"),
    ("/v1/info", "GET, HEAD"),
    ("/v1/projects", "GET, HEAD"),
    ("/v1/projects/:id", "DELETE"),
    ("/v1/projects/:id/sync", "POST"),
    ("/v1/projects/:id/files", "GET, HEAD"),
    ("/v1/projects/:id/files/*path", "GET, HEAD"),
    ("/v1/projects/:id/changes", "GET, HEAD"),
    ("/v1/projects/:id/status", "GET, HEAD"),
    ("/v1/projects/:id/manifest", "GET, HEAD"),
    ("/v1/projects/:id/diff", "POST"),
    ("/v1/projects/:id/history", "GET, HEAD"),
    ("/v1/projects/:id/restore", "POST"),
];

impl Route {
    /// Finds the route of a path. Fixed words match in either case and a trailing slash is
    /// accepted, as the original did. A malformed project id is a bad request.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let found = find(path).ok_or(Error::NotFound)?;
        let id = || project_id(found.id);
        Ok(match found.pattern {
            "/health" => Self::Health,
            "/openapi.json" => Self::OpenApi,
            "/v1/info" => Self::Info,
            "/v1/projects" => Self::Projects,
            "/v1/projects/:id" => Self::Project(id()?),
            "/v1/projects/:id/sync" => Self::Sync(id()?),
            "/v1/projects/:id/files" => Self::Files(id()?),
            "/v1/projects/:id/files/*path" => Self::File(id()?, file_path(found.rest)?),
            "/v1/projects/:id/changes" => Self::Changes(id()?),
            "/v1/projects/:id/status" => Self::Status(id()?),
            "/v1/projects/:id/manifest" => Self::Manifest(id()?),
            "/v1/projects/:id/diff" => Self::Diff(id()?),
            "/v1/projects/:id/history" => Self::History(id()?),
            "/v1/projects/:id/restore" => Self::Restore(id()?),
            _ => return Err(Error::NotFound),
        })
    }

    /// Whether it is answered without a key and is not counted: it holds no data of anybody, and
    /// who has used up a window still asks whether the server lives.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Health | Self::OpenApi)
    }
}

/// Refuses a method that a known address does not take.
pub fn admit(path: &str, method: &Method) -> Result<(), Error> {
    let methods = find(path).ok_or(Error::NotFound)?.methods;
    let known = methods.split(", ").any(|known| known == method.as_str());
    known.then_some(()).ok_or(Error::MethodNotAllowed(methods))
}

/// The route of a path as a label for logs and metrics, such as `/v1/projects/:id/files`;
/// `unknown` when there is none. Never holds anything that a client sent.
pub fn label(path: &str) -> &'static str {
    find(path).map_or("unknown", |found| found.pattern)
}

/// A pattern that a path matches, and what stands at its `:id` and its `*path`, still encoded.
struct Found<'p> {
    pattern: &'static str,
    methods: &'static str,
    id: &'p str,
    rest: &'p str,
}

fn find(path: &str) -> Option<Found<'_>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    ROUTES.into_iter().find_map(|(pattern, methods)| {
        let (id, rest) = matches(pattern, path)?;
        Some(Found {
            pattern,
            methods,
            id,
            rest,
        })
    })
}

fn matches<'p>(pattern: &str, path: &'p str) -> Option<(&'p str, &'p str)> {
    let (mut id, mut rest) = ("", Some(path));
    for expected in pattern.split('/') {
        let text = rest?;
        let (segment, behind) = text
            .split_once('/')
            .map_or((text, None), |(first, behind)| (first, Some(behind)));
        match expected {
            "*path" => return (!text.is_empty()).then_some((id, text)),
            ":id" => id = segment,
            word if word.eq_ignore_ascii_case(segment) => {}
            _ => return None,
        }
        rest = behind;
    }
    rest.is_none().then_some((id, ""))
}

fn project_id(encoded: &str) -> Result<ProjectId, Error> {
    decode(encoded).and_then(ProjectId::parse).ok_or_else(|| {
        Error::BadRequest(
            "A project id has 1 to 200 bytes of UTF-8 without slashes and control characters."
                .to_owned(),
        )
    })
}

fn file_path(encoded: &str) -> Result<FilePath, Error> {
    let text = decode(encoded)
        .ok_or_else(|| Error::BadRequest("The path is not percent-encoded UTF-8.".to_owned()))?;
    FilePath::parse(&text).map_err(|rule| Error::BadPath {
        path: text.clone(),
        rule: rule.to_owned(),
    })
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::openapi::DOCUMENT;

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn every_pattern_is_a_route_and_its_own_label() {
        for (pattern, methods) in ROUTES {
            let path = pattern.replace(":id", "x").replace("*path", "a/b.md");
            assert!(Route::parse(&path).is_ok(), "{path}");
            assert_eq!(label(&path), pattern);
            for method in methods.split(", ") {
                assert!(admit(&path, &method.parse().unwrap()).is_ok());
            }
            assert!(
                matches!(admit(&path, &Method::PATCH), Err(Error::MethodNotAllowed(allowed)) if allowed == methods)
            );
        }
    }

    #[test]
    fn the_openapi_document_has_these_routes_and_no_others() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        let routes = ROUTES.map(|(pattern, methods)| {
            let path = pattern.replace(":id", "{id}").replace("*path", "{path}");
            // A document need not list HEAD, which is GET without the body.
            (path, methods.replace(", HEAD", "").to_lowercase())
        });
        let methods = |path: &serde_json::Value| {
            let names = path.as_object().unwrap().keys();
            let methods: Vec<_> = names
                .filter(|name| *name != "parameters")
                .cloned()
                .collect();
            methods.join(", ")
        };
        let paths = document["paths"].as_object().unwrap().iter();
        let documented: BTreeMap<_, _> = paths
            .map(|(path, item)| (path.clone(), methods(item)))
            .collect();
        assert_eq!(documented, BTreeMap::from(routes));
    }

    #[test]
    fn words_match_in_either_case_and_with_a_trailing_slash() {
        for path in ["/v1/projects/Ab/sync", "/V1/Projects/Ab/SYNC/"] {
            assert_eq!(Route::parse(path).unwrap(), Route::Sync(id("Ab")));
        }
        assert_eq!(Route::parse("/health/").unwrap(), Route::Health);
        assert_eq!(
            Route::parse("/v1/projects/ghi%20ch%C3%BA").unwrap(),
            Route::Project(id("ghi chú"))
        );
        assert_eq!(
            Route::parse("/v1/projects/x/files/").unwrap(),
            Route::Files(id("x"))
        );
    }

    #[test]
    fn a_file_keeps_its_case_and_its_slashes() {
        let path = FilePath::parse("Ideas/ghi chú.md").unwrap();
        for encoded in ["Ideas/ghi%20ch%C3%BA.md", "Ideas%2Fghi%20ch%c3%ba.md"] {
            let route = Route::parse(&format!("/v1/projects/x/files/{encoded}")).unwrap();
            assert_eq!(route, Route::File(id("x"), path.clone()));
        }
        for hostile in ["..%2Fx", "a/../b", "%2Fetc", "a%00", ".git/config"] {
            let parsed = Route::parse(&format!("/v1/projects/x/files/{hostile}"));
            assert!(matches!(parsed, Err(Error::BadPath { .. })), "{hostile}");
        }
    }

    #[test]
    fn what_no_pattern_matches_is_not_found() {
        for path in [
            "/",
            "",
            "/v1",
            "/v1/projects/x/nope",
            "/v1/projects/x/sync/y",
            "/health//",
            "*",
        ] {
            assert!(matches!(Route::parse(path), Err(Error::NotFound)), "{path}");
            assert_eq!(label(path), "unknown", "{path}");
        }
    }

    #[test]
    fn a_malformed_project_id_is_a_bad_request() {
        for bad in ["", "%2e%2e", "a%2Fb", "%ff", "%zz", "a%", "a%2"] {
            let parsed = Route::parse(&format!("/v1/projects/{bad}/sync"));
            assert!(matches!(parsed, Err(Error::BadRequest(_))), "{bad}");
        }
    }
}
