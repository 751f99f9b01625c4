//! The form that makes a key.

use serde_json::{Value, json};

use crate::api::Error;
use crate::dashboard::form::Form;
use crate::dashboard::format::Name;
use crate::dashboard::visit::Visit;
use crate::domain::key::{Projects, Scope};
use crate::store::ProjectSummary;

/// Projects that the form offers.
const OFFERED: usize = 200;

/// The form that makes a key, as it is shown.
pub struct NewDevice {
    pub name: String,
    pub scopes: Vec<ScopeChoice>,
    pub projects: Vec<ProjectChoice>,
    /// Whether the key that makes it opens some projects only.
    pub is_limited: bool,
    pub problem: Option<String>,
}

/// A scope to choose.
pub struct ScopeChoice {
    pub name: &'static str,
    pub meaning: &'static str,
    pub is_chosen: bool,
}

/// A project to choose.
pub struct ProjectChoice {
    pub id: String,
    pub name: Name,
}

/// What each scope means for a person. The one that a device needs which edits and deletes is
/// chosen.
const SCOPES: [(Scope, &str); 4] = [
    (
        Scope::Write,
        "reads, changes and deletes files; for a device of yours",
    ),
    (
        Scope::Append,
        "reads and changes files, but cannot delete any",
    ),
    (Scope::Read, "only reads"),
    (Scope::Manage, "everything, with projects and devices"),
];

impl NewDevice {
    pub fn empty(visit: &Visit) -> Result<Self, Error> {
        let own = &visit.grant()?.projects;
        let page = visit
            .app
            .database
            .read(|store| store.projects(own, "", OFFERED))?;
        Ok(Self {
            name: String::new(),
            scopes: SCOPES
                .iter()
                .map(|scope| choice(scope, Scope::Write))
                .collect(),
            projects: page.projects.into_iter().map(project).collect(),
            is_limited: *own != Projects::All,
            problem: None,
        })
    }

    /// With what was sent, and why it was refused.
    pub fn refused(visit: &Visit, form: &Form, problem: &Error) -> Result<Self, Error> {
        let chosen = Scope::parse(form.text("scope")).unwrap_or(Scope::Write);
        Ok(Self {
            name: form.text("name").to_owned(),
            scopes: SCOPES.iter().map(|scope| choice(scope, chosen)).collect(),
            problem: Some(problem.to_string()),
            ..Self::empty(visit)?
        })
    }
}

fn choice((scope, meaning): &(Scope, &'static str), chosen: Scope) -> ScopeChoice {
    ScopeChoice {
        name: scope.as_str(),
        meaning,
        is_chosen: *scope == chosen,
    }
}

fn project(summary: ProjectSummary) -> ProjectChoice {
    let name = summary.name.filter(|name| !name.trim().is_empty());
    ProjectChoice {
        name: Name::new(name.unwrap_or_else(|| summary.id.clone())),
        id: summary.id,
    }
}

/// The body of the request that makes the key. It opens the projects that were chosen, and all only where
/// none was.
pub fn request(form: &Form) -> Value {
    let mut body = json!({ "name": form.text("name"), "scope": form.text("scope") });
    let chosen: Vec<&str> = form.all("project").collect();
    if !chosen.is_empty() || form.text("all") != "yes" {
        body["projects"] = chosen.into();
    }
    match form.text("expires") {
        "" => {}
        day => body["expires_at"] = format!("{day}T00:00:00Z").into(),
    }
    body
}
