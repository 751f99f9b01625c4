//! The route table: every address of the server and the methods it takes.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::project::ProjectId;

/// An address of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// Is the server alive? The only one without a key.
    Health,
    /// Push: a batch of changed and deleted files.
    Sync(ProjectId),
    /// Pull: a page of changed files.
    Files(ProjectId),
    /// Counts and the time of the last change.
    Status(ProjectId),
    /// The project as a whole.
    Project(ProjectId),
}

impl Route {
    /// Finds the route of a path. Fixed words match in either case and a trailing slash is
    /// accepted, as the original did. A malformed project id is a bad request.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let (label, id) = find(path).ok_or(Error::NotFound)?;
        match label {
            HEALTH => Ok(Self::Health),
            SYNC => Ok(Self::Sync(project_id(id)?)),
            FILES => Ok(Self::Files(project_id(id)?)),
            STATUS => Ok(Self::Status(project_id(id)?)),
            _ => Ok(Self::Project(project_id(id)?)),
        }
    }

    /// Refuses a method that the route does not take.
    pub fn admit(&self, method: &Method) -> Result<(), Error> {
        let methods = self.methods();
        let known = methods.split(", ").any(|known| known == method.as_str());
        known.then_some(()).ok_or(Error::MethodNotAllowed(methods))
    }

    fn methods(&self) -> &'static str {
        match self {
            Self::Health | Self::Files(_) | Self::Status(_) => "GET, HEAD",
            Self::Sync(_) => "POST",
            Self::Project(_) => "DELETE",
        }
    }
}

/// The route of a path as a label for logs and metrics, such as `/v1/projects/:id/files`;
/// `unknown` when there is none. Never holds anything that a client sent.
pub fn label(path: &str) -> &'static str {
    find(path).map_or("unknown", |(label, _)| label)
}

const HEALTH: &str = "/health";
const SYNC: &str = "/v1/projects/:id/sync";
const FILES: &str = "/v1/projects/:id/files";
const STATUS: &str = "/v1/projects/:id/status";
const PROJECT: &str = "/v1/projects/:id";

/// The pattern that a path matches and what stands at its `:id`.
fn find(path: &str) -> Option<(&'static str, &str)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    [HEALTH, SYNC, FILES, STATUS, PROJECT]
        .into_iter()
        .find_map(|pattern| matches(pattern, path).map(|id| (pattern, id)))
}

fn matches<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let mut id = "";
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected {
            ":id" => id = segment,
            word if word.eq_ignore_ascii_case(segment) => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(id)
}

fn project_id(encoded: &str) -> Result<ProjectId, Error> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok();
    decoded
        .and_then(|id| ProjectId::parse(id.into_owned()))
        .ok_or_else(|| {
            Error::BadRequest(
                "A project id has 1 to 200 bytes of UTF-8 without slashes and control characters."
                    .to_owned(),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
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
        for path in [
            "/v1/projects//sync",
            "/v1/projects/%2e%2e/sync",
            "/v1/projects/a%2Fb/sync",
            "/v1/projects/%ff/sync",
        ] {
            assert!(
                matches!(Route::parse(path), Err(Error::BadRequest(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn a_label_holds_nothing_of_the_client() {
        assert_eq!(label("/v1/projects/secret/files"), FILES);
    }

    #[test]
    fn a_known_path_names_its_methods() {
        let route = Route::parse("/v1/projects/x/sync").unwrap();
        assert!(route.admit(&Method::POST).is_ok());
        assert!(matches!(
            route.admit(&Method::GET),
            Err(Error::MethodNotAllowed("POST"))
        ));
    }
}
