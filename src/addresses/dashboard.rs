//! Every address of the dashboard: a line each with its pattern, its methods and its route.
//!
//! Apart from the pages, since the program that runs the component knows the addresses, for its logs, and no page.

use http::Method;

use crate::api::Error;
use crate::api::pattern::{self, GET, GET_AND_POST, POST, Request};
use crate::domain::{FilePath, ProjectId};

/// An address of the dashboard.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// A file that pages need, by the hash of its content.
    Asset,
    /// The form to sign in.
    SignIn,
    /// Ends the session.
    SignOut,
    /// All projects.
    Projects,
    /// The files of a project.
    Project(ProjectId),
    /// Its deleted files.
    Deleted(ProjectId),
    /// Newer edits that an older one has replaced.
    Replaced(ProjectId),
    /// Goes back to a moment.
    Restore(ProjectId),
    /// Brings one version of a file back.
    Versions(ProjectId),
    /// All files in one, or those of a part.
    Download(ProjectId),
    /// The parts in which a large project is downloaded.
    Parts(ProjectId),
    /// Deletes the project.
    Delete(ProjectId),
    /// A file, and its versions.
    File(ProjectId, FilePath),
    /// The bytes of a file.
    DownloadFile(ProjectId, FilePath),
    /// The changes of all projects.
    Activity,
    /// A stream of the same.
    Events,
    /// What the server holds, and its limits.
    Server,
    /// The keys of devices.
    Devices,
    /// Gives a key another secret.
    RotateDevice(String),
    /// Revokes a key.
    RevokeDevice(String),
}

/// A pattern, the methods that it takes, and how its route is made.
type Entry = (
    &'static str,
    &'static str,
    fn(&Request) -> Result<Route, Error>,
);

const ROUTES: &[Entry] = &[
    ("/dashboard", GET, |_| Ok(Route::Projects)),
    ("/dashboard/assets/:id", GET, |_| Ok(Route::Asset)),
    ("/dashboard/sign-in", GET_AND_POST, |_| Ok(Route::SignIn)),
    ("/dashboard/sign-out", POST, |_| Ok(Route::SignOut)),
    ("/dashboard/projects/:id", GET, |at| {
        Ok(Route::Project(at.id()?))
    }),
    ("/dashboard/projects/:id/deleted", GET, |at| {
        Ok(Route::Deleted(at.id()?))
    }),
    ("/dashboard/projects/:id/replaced", GET, |at| {
        Ok(Route::Replaced(at.id()?))
    }),
    ("/dashboard/projects/:id/restore", GET_AND_POST, |at| {
        Ok(Route::Restore(at.id()?))
    }),
    ("/dashboard/projects/:id/versions", POST, |at| {
        Ok(Route::Versions(at.id()?))
    }),
    ("/dashboard/projects/:id/download", GET, |at| {
        Ok(Route::Download(at.id()?))
    }),
    ("/dashboard/projects/:id/parts", GET, |at| {
        Ok(Route::Parts(at.id()?))
    }),
    ("/dashboard/projects/:id/delete", GET_AND_POST, |at| {
        Ok(Route::Delete(at.id()?))
    }),
    ("/dashboard/projects/:id/files/*path", GET, |at| {
        Ok(Route::File(at.id()?, at.path()?))
    }),
    ("/dashboard/projects/:id/download/*path", GET, |at| {
        Ok(Route::DownloadFile(at.id()?, at.path()?))
    }),
    (ACTIVITY, GET, |_| Ok(Route::Activity)),
    (EVENTS, GET, |_| Ok(Route::Events)),
    (SERVER, GET, |_| Ok(Route::Server)),
    (DEVICES, GET_AND_POST, |_| Ok(Route::Devices)),
    ("/dashboard/devices/:id/rotate", POST, |at| {
        Ok(Route::RotateDevice(at.key()?))
    }),
    ("/dashboard/devices/:id/revoke", POST, |at| {
        Ok(Route::RevokeDevice(at.key()?))
    }),
];

/// The address of the dashboard.
pub const HOME: &str = "/dashboard";
/// The page of the changes of all projects.
pub const ACTIVITY: &str = "/dashboard/activity";
/// The stream of the same.
pub const EVENTS: &str = "/dashboard/events";
/// The page of the server.
pub const SERVER: &str = "/dashboard/server";
/// The page of the keys of devices.
pub const DEVICES: &str = "/dashboard/devices";

impl Route {
    /// Finds the route of a request.
    ///
    /// 404 for an unknown address, 405 for a method that it does not take, 400 for a malformed project id, 422
    /// for a malformed path.
    pub fn find(method: &Method, path: &str) -> Result<Self, Error> {
        let ((_, methods, route), segments) =
            pattern::find(ROUTES, pattern_of, path).ok_or(Error::NotFound)?;
        if pattern::takes(methods, method) {
            route(&Request { method, segments })
        } else {
            Err(Error::MethodNotAllowed(methods))
        }
    }
}

fn pattern_of(entry: &Entry) -> &'static str {
    entry.0
}

/// The pattern of a path as a label for logs and metrics; none when the dashboard has no such
/// address.
pub fn label(path: &str) -> Option<&'static str> {
    pattern::find(ROUTES, pattern_of, path).map(|(entry, _)| entry.0)
}

/// Whether a request needs neither a session nor the database.
pub fn is_open(method: &Method, path: &str) -> bool {
    matches!(Route::find(method, path), Ok(Route::Asset))
}

/// Whether a path belongs to the dashboard, also where nothing is.
pub fn is_below(path: &str) -> bool {
    let (home, rest) = path.split_at_checked(HOME.len()).unwrap_or_default();
    home.eq_ignore_ascii_case(HOME) && (rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_route_and_its_own_label() {
        for &(pattern, methods, _) in ROUTES {
            let path = pattern.replace(":id", "x").replace("*path", "a/b.md");
            assert_eq!(label(&path), Some(pattern));
            assert!(is_below(&path));
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
    fn the_dashboard_has_what_is_below_its_address_and_nothing_else() {
        for path in [
            "/dashboard",
            "/dashboard/",
            "/Dashboard/x",
            "/dashboard/x/y",
        ] {
            assert!(is_below(path), "{path}");
        }
        for path in [
            "/",
            "",
            "/dashboards",
            "/v1/dashboard",
            "/dashboar",
            "/é/dashboard",
        ] {
            assert!(!is_below(path), "{path}");
        }
        assert!(matches!(
            Route::find(&Method::GET, "/dashboard/nope"),
            Err(Error::NotFound)
        ));
    }
}
