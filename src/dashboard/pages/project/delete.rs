//! `/dashboard/projects/:id/delete`

use askama::Template;
use http::{Method, Response, StatusCode};

use super::head::Head;
use crate::addresses::dashboard::HOME;
use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::form::Form;
use crate::dashboard::format::{api_address, plain};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::domain::key::Scope;

#[derive(Template)]
#[template(path = "delete.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// What to type, without what cannot be typed.
    expected: String,
    /// What was typed, when that was something else.
    wrong: Option<String>,
}

/// Asks for the name of the project.
pub fn ask_to_delete(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    ask(visit, id, None)
}

fn ask(visit: &Visit, id: &ProjectId, wrong: Option<&str>) -> Result<Response<Vec<u8>>, Error> {
    visit.caller.require(Scope::Manage)?;
    let read = |store: &_| Head::read(visit, store, id, "Delete project");
    let (_, head) = visit.app.database.read(read)?;
    let mut response = reply::page(&Page {
        frame: visit.frame(&head.title),
        expected: plain(&head.name.name),
        wrong: wrong.map(str::to_owned),
        head,
    })?;
    if wrong.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// Deletes the project whose name, or id, was typed; else asks again with 422.
pub fn delete(visit: &Visit, id: &ProjectId, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    visit.require_project(id)?;
    let found = visit.app.database.with(|store| store.project_summary(id))?;
    let name = found.and_then(|summary| summary.name);
    let names = [Some(id.as_str()), name.as_deref()];
    let is_typed = |name: &&str| is_typed(form.text("name"), name);
    if !names.iter().flatten().any(is_typed) {
        return ask(visit, id, Some(form.text("name")));
    }
    let answer = visit.ask(Method::DELETE, &api_address(id.as_str(), ""), &())?;
    Ok(reply::done(HOME, Done::ProjectDeleted, answer))
}

/// Whether somebody has typed a name. A page shows several blanks as one.
fn is_typed(typed: &str, name: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let typed = words(typed);
    !typed.is_empty() && [words(&plain(name)), words(name)].contains(&typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_typed_as_a_page_shows_it() {
        for (typed, name, is_name) in [
            ("My diary", "My diary", true),
            ("My diary", " My  diary ", true),
            ("aU+202Eb", "a\u{202e}b", true),
            ("my diary", "My diary", false),
            ("Mydiary", "My diary", false),
            ("", " ", false),
        ] {
            assert_eq!(is_typed(typed, name), is_name, "{typed} {name}");
        }
    }
}
