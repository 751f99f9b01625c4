//! Every address of the server: a line each with its pattern, its methods, the scope that it needs
//! and its route.

use http::Method;

use super::error::Error;
use super::pattern::{self, GET, GET_AND_POST, POST, Request, Segments, project_id};
use crate::domain::key::Scope;
use crate::domain::{FilePath, ProjectId};

/// An address of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// What this server is.
    Root,
    /// Whether the server is alive.
    Health,
    /// The description of the API for programs.
    OpenApi,
    /// Protocol version, capabilities and limits.
    Info,
    /// The list of projects.
    Projects,
    /// The project as a whole.
    Project(ProjectId),
    /// Push: changed and deleted files.
    Sync(ProjectId),
    /// Pull: a page of changed files.
    Files(ProjectId),
    /// One file.
    File(ProjectId, FilePath),
    /// The change feed, with deletions.
    Changes(ProjectId),
    /// A stream of the changes of the project.
    Events(ProjectId),
    /// A stream of the changes of all projects.
    AllEvents,
    /// Counts, the time of the last change, the digest.
    Status(ProjectId),
    /// Every live file, without content.
    Manifest(ProjectId),
    /// Names that some system cannot hold.
    Portability(ProjectId),
    /// What a device must do to be in sync.
    Diff(ProjectId),
    /// The versions of one path.
    History(ProjectId),
    /// Restores old versions as new ones.
    Restore(ProjectId),
    /// Removes content for good.
    Purge(ProjectId),
    /// The keys of devices.
    Keys,
    /// Makes a key.
    NewKey,
    /// What the key of the request may do.
    OwnKey,
    /// Revokes the key with this id.
    Key(String),
    /// Gives the key with this id another secret.
    RotateKey(String),
}

const DELETE: &str = "DELETE";

/// The scope that a key needs for an address; none for what needs no key and is not counted: it holds
/// no data of anybody, and a client that has used up its window may still ask whether the server is
/// alive.
type Needs = Option<Scope>;
const NOTHING: Needs = None;
const READ: Needs = Some(Scope::Read);
/// With a deletion in it, a push needs [`WRITE`].
const APPEND: Needs = Some(Scope::Append);
const WRITE: Needs = Some(Scope::Write);
const MANAGE: Needs = Some(Scope::Manage);

/// A pattern, the methods that it takes, what it needs, and how its route is made.
type Entry = (
    &'static str,
    &'static str,
    Needs,
    fn(&Request) -> Result<Route, Error>,
);

const ROUTES: &[Entry] = &[
    ("/", GET, NOTHING, |_| Ok(Route::Root)),
    ("/health", GET, NOTHING, |_| Ok(Route::Health)),
    ("/openapi.json", GET, NOTHING, |_| Ok(Route::OpenApi)),
    ("/v1/info", GET, READ, |_| Ok(Route::Info)),
    ("/v1/events", GET, READ, |_| Ok(Route::AllEvents)),
    ("/v1/projects", GET, READ, |_| Ok(Route::Projects)),
    ("/v1/projects/:id", DELETE, MANAGE, |at| {
        Ok(Route::Project(at.id()?))
    }),
    ("/v1/projects/:id/sync", POST, APPEND, |at| {
        Ok(Route::Sync(at.id()?))
    }),
    ("/v1/projects/:id/files", GET, READ, |at| {
        Ok(Route::Files(at.id()?))
    }),
    ("/v1/projects/:id/files/*path", GET, READ, |at| {
        Ok(Route::File(at.id()?, at.path()?))
    }),
    ("/v1/projects/:id/changes", GET, READ, |at| {
        Ok(Route::Changes(at.id()?))
    }),
    ("/v1/projects/:id/events", GET, READ, |at| {
        Ok(Route::Events(at.id()?))
    }),
    ("/v1/projects/:id/status", GET, READ, |at| {
        Ok(Route::Status(at.id()?))
    }),
    ("/v1/projects/:id/manifest", GET, READ, |at| {
        Ok(Route::Manifest(at.id()?))
    }),
    ("/v1/projects/:id/portability", GET, READ, |at| {
        Ok(Route::Portability(at.id()?))
    }),
    ("/v1/projects/:id/diff", POST, READ, |at| {
        Ok(Route::Diff(at.id()?))
    }),
    ("/v1/projects/:id/history", GET, READ, |at| {
        Ok(Route::History(at.id()?))
    }),
    ("/v1/projects/:id/restore", POST, WRITE, |at| {
        Ok(Route::Restore(at.id()?))
    }),
    ("/v1/projects/:id/purge", POST, MANAGE, |at| {
        Ok(Route::Purge(at.id()?))
    }),
    ("/v1/keys", GET_AND_POST, MANAGE, |at| match at.method {
        &Method::POST => Ok(Route::NewKey),
        _ => Ok(Route::Keys),
    }),
    ("/v1/keys/self", GET, READ, |_| Ok(Route::OwnKey)),
    ("/v1/keys/:id", DELETE, MANAGE, |at| {
        Ok(Route::Key(at.key()?))
    }),
    ("/v1/keys/:id/rotate", POST, MANAGE, |at| {
        Ok(Route::RotateKey(at.key()?))
    }),
];

/// What was found for a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Match {
    /// Its route.
    pub route: Route,
    /// The scope that its key needs; none for what needs no key.
    pub needs: Option<Scope>,
}

impl Route {
    /// Finds the route of a request. Fixed words match in either case and a trailing slash is
    /// accepted, as the original did.
    ///
    /// 404 for an unknown address, 405 for a method that it does not take, 400 for a malformed
    /// project id, 422 for a malformed path.
    pub fn find(method: &Method, path: &str) -> Result<Match, Error> {
        let (entry, segments) = find(path).ok_or(Error::NotFound)?;
        let (_, methods, needs, route) = *entry;
        if pattern::takes(methods, method) {
            Ok(Match {
                route: route(&Request { method, segments })?,
                needs,
            })
        } else {
            Err(Error::MethodNotAllowed(methods))
        }
    }

    /// The project that it is about, for those that are about one.
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Root | Self::Health | Self::OpenApi | Self::Info | Self::Projects => None,
            Self::AllEvents => None,
            Self::Keys | Self::NewKey | Self::OwnKey | Self::Key(_) | Self::RotateKey(_) => None,
            Self::Project(id)
            | Self::Sync(id)
            | Self::Files(id)
            | Self::File(id, _)
            | Self::Changes(id)
            | Self::Events(id)
            | Self::Status(id)
            | Self::Manifest(id)
            | Self::Diff(id)
            | Self::History(id)
            | Self::Portability(id)
            | Self::Purge(id)
            | Self::Restore(id) => Some(id),
        }
    }

    /// Whether its answer continues as long as the client stays.
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Events(_) | Self::AllEvents)
    }
}

/// The pattern of a path as a label for logs and metrics, such as `/v1/projects/:id/files`;
/// `unknown` when there is none. Never holds anything that a client sent.
pub fn label(path: &str) -> &'static str {
    find(path).map_or("unknown", |((pattern, ..), _)| pattern)
}

/// The project of an address, for logs; none when it is about none, or its id breaks a rule.
pub fn project(path: &str) -> Option<ProjectId> {
    let ((pattern, ..), segments) = find(path)?;
    let is_about_one = pattern.starts_with("/v1/projects/");
    is_about_one.then_some(segments.id).and_then(project_id)
}

fn find(path: &str) -> Option<(&'static Entry, Segments<'_>)> {
    pattern::find(ROUTES, |entry| entry.0, path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::handlers::openapi::DOCUMENT;

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn every_pattern_is_a_route_and_its_own_label() {
        for &(pattern, methods, ..) in ROUTES {
            let path = pattern.replace(":id", "x").replace("*path", "a/b.md");
            assert_eq!(label(&path), pattern);
            for method in methods.split(", ") {
                let method = method.parse().unwrap();
                assert!(Route::find(&method, &path).is_ok(), "{method} {path}");
            }
            assert!(
                matches!(Route::find(&Method::PATCH, &path), Err(Error::MethodNotAllowed(allowed)) if allowed == methods)
            );
        }
    }

    #[test]
    fn the_openapi_document_has_these_routes_and_no_others() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        let routes = ROUTES.iter().map(|(pattern, methods, ..)| {
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
        assert_eq!(documented, routes.collect());
    }

    fn route(method: &Method, path: &str) -> Result<Route, Error> {
        Ok(Route::find(method, path)?.route)
    }

    fn get(path: &str) -> Result<Route, Error> {
        route(&Method::GET, path)
    }

    fn post(path: &str) -> Result<Route, Error> {
        route(&Method::POST, path)
    }

    #[test]
    fn words_match_in_either_case_and_with_a_trailing_slash() {
        for path in ["/v1/projects/Ab/sync", "/V1/Projects/Ab/SYNC/"] {
            assert_eq!(post(path).unwrap(), Route::Sync(id("Ab")));
        }
        assert_eq!(get("/health/").unwrap(), Route::Health);
        assert_eq!(
            route(&Method::DELETE, "/v1/projects/ghi%20ch%C3%BA").unwrap(),
            Route::Project(id("ghi chú"))
        );
        assert_eq!(get("/v1/projects/x/files/").unwrap(), Route::Files(id("x")));
    }

    #[test]
    fn a_file_keeps_its_case_and_its_slashes() {
        let path = FilePath::parse("Ideas/ghi chú.md").unwrap();
        for encoded in ["Ideas/ghi%20ch%C3%BA.md", "Ideas%2Fghi%20ch%c3%ba.md"] {
            let route = get(&format!("/v1/projects/x/files/{encoded}")).unwrap();
            assert_eq!(route, Route::File(id("x"), path.clone()));
        }
        for hostile in ["..%2Fx", "a/../b", "%2Fetc", "a%00", ".git/config"] {
            let parsed = get(&format!("/v1/projects/x/files/{hostile}"));
            assert!(matches!(parsed, Err(Error::BadPath { .. })), "{hostile}");
        }
    }

    #[test]
    fn what_no_pattern_matches_is_not_found() {
        for path in [
            "",
            "/v1",
            "/v1/projects/x/nope",
            "/v1/projects/x/sync/y",
            "/health//",
            "*",
        ] {
            assert!(matches!(get(path), Err(Error::NotFound)), "{path}");
            assert_eq!(label(path), "unknown", "{path}");
        }
    }

    #[test]
    fn the_project_of_an_address_is_told() {
        for (path, expected) in [
            ("/v1/projects/ghi%20ch%C3%BA/files/a", Some("ghi chú")),
            ("/V1/Projects/x", Some("x")),
            ("/v1/projects", None),
            ("/v1/projects/%2e%2e/sync", None),
            ("/v1/keys/x", None),
            ("/nope", None),
        ] {
            let project = project(path);
            assert_eq!(project.as_ref().map(ProjectId::as_str), expected, "{path}");
        }
    }

    #[test]
    fn the_word_self_is_no_id_of_a_key() {
        assert_eq!(get("/v1/keys/self").unwrap(), Route::OwnKey);
        let delete = |path| route(&Method::DELETE, path);
        assert_eq!(delete("/v1/keys/x").unwrap(), Route::Key("x".to_owned()));
        assert!(matches!(
            delete("/v1/keys/SELF"),
            Err(Error::MethodNotAllowed(_))
        ));
        assert_eq!(post("/v1/keys").unwrap(), Route::NewKey);
        assert_eq!(route(&Method::HEAD, "/v1/keys").unwrap(), Route::Keys);
    }

    #[test]
    fn a_malformed_project_id_is_a_bad_request() {
        for bad in ["", "%2e%2e", "a%2Fb", "%ff", "%zz", "a%", "a%2"] {
            let parsed = post(&format!("/v1/projects/{bad}/sync"));
            assert!(matches!(parsed, Err(Error::BadRequest(_))), "{bad}");
        }
    }
}
