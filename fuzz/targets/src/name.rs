//! Paths, project ids and addresses: an accepted one stays below its folder and survives a round trip.

use std::path::{Component, Path};

use http::Method;
use kamiflow_sync_component::api::routes::{self, Route};
use kamiflow_sync_component::domain::folding::{compose, fold};
use kamiflow_sync_component::domain::{FilePath, ProjectId, UnportableName};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::refused;

/// A path, and the same text as a project id.
pub fn name(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(path) = FilePath::parse(text) {
        assert_eq!(path.as_str(), text);
        stays_below(&path);
        folds(&path);
        let id = ProjectId::parse("x".to_owned()).expect("an id");
        let address = format!("/v1/projects/x/files/{}", encode(text));
        assert_eq!(get(&address).expect("a file"), Route::File(id, path));
    }
    if let Some(id) = ProjectId::parse(text.to_owned()) {
        assert_eq!(id.as_str(), text);
        assert!((1..=200).contains(&text.len()) && ![".", ".."].contains(&text));
        assert!(!text.contains(['/', '\\']) && !text.contains(char::is_control));
        let address = format!("/v1/projects/{}/status", encode(text));
        assert_eq!(get(&address).expect("a project"), Route::Status(id));
    }
}

/// On any system: plain names only, and no hidden one at the top.
fn stays_below(path: &FilePath) {
    let text = path.as_str();
    let parts: Vec<_> = Path::new(text).components().collect();
    assert!(
        parts
            .iter()
            .all(|part| matches!(part, Component::Normal(_)))
    );
    assert_eq!(parts.len(), text.split('/').count());
    assert!((1..=1024).contains(&text.len()) && !text.starts_with('.'));
    assert!(
        text.split('/')
            .all(|part| (1..=255).contains(&part.len()) && part != "..")
    );
    assert!(!text.contains('\\') && !text.contains(char::is_control));
    assert!(!(text.as_bytes()[0].is_ascii_alphabetic() && text[1..].starts_with(':')));
    for folder in path.folders() {
        assert!(FilePath::parse(folder).is_ok_and(|folder| text.starts_with(folder.as_str())));
    }
}

/// One form for every spelling, and the same slashes.
fn folds(path: &FilePath) {
    let (text, form) = (path.as_str(), fold(path.as_str()));
    assert_eq!(fold(&form), form);
    assert_eq!(fold(&compose(text)), form);
    assert_eq!(form.matches('/').count(), text.matches('/').count());
    let twin = UnportableName::of(text, true, vec![form]);
    assert!(twin.is_some_and(|name| name.to_string().contains(text)));
}

fn get(path: &str) -> Result<Route, kamiflow_sync_component::api::Error> {
    Ok(Route::find(&Method::GET, path)?.route)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The path of an address.
pub fn route(data: &[u8]) {
    let Ok(path) = str::from_utf8(data) else {
        return;
    };
    let label = routes::label(path);
    for method in [Method::GET, Method::POST, Method::DELETE, Method::PATCH] {
        method_and_route(&method, path, label);
    }
}

fn method_and_route(method: &Method, path: &str, label: &str) {
    match Route::find(method, path) {
        Ok(route) => {
            assert_ne!(label, "unknown");
            assert_ne!(*method, Method::PATCH);
            assert!(Route::find(method, label).is_ok(), "{label}");
            let slash = format!("{path}/");
            if !path.ends_with('/') {
                assert_eq!(Route::find(method, &slash).expect("the same"), route);
            }
        }
        Err(error) => {
            assert_eq!(error.code() == "not_found", label == "unknown");
            refused(error);
        }
    }
}
