//! The form that makes a key, as it is shown.

use chrono::DateTime;

use super::problem::Problem;
use crate::api::Error;
use crate::api::clock::now_us;
use crate::dashboard::form::Form;
use crate::dashboard::pages::parts::ProjectName;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;
use crate::domain::key::{Projects, Scope};
use crate::store::ProjectSummary;

/// Projects that the form offers.
const OFFERED: usize = 200;

/// The form and what it offers.
pub struct NewDevice {
    pub name: String,
    pub scopes: Vec<ScopeChoice>,
    pub projects: Vec<ProjectChoice>,
    /// Whether there are more than are offered.
    pub has_more: bool,
    /// Whether the key that makes it opens some projects only.
    pub is_limited: bool,
    /// Whether it opens all projects, unless some are chosen.
    pub is_all: bool,
    /// The last day on which the key works, and the first that can be chosen.
    pub expires: String,
    pub today: String,
    /// When it was shown, in microseconds since 1970.
    pub shown: Rev,
    problem: Option<Problem>,
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
    pub name: ProjectName,
    pub is_chosen: bool,
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
            projects: choices(page.projects),
            has_more: page.has_more,
            is_limited: *own != Projects::All,
            is_all: true,
            expires: String::new(),
            today: today(),
            shown: now_us(),
            problem: None,
        })
    }

    /// With all that was chosen, and why it was refused.
    pub fn refused(visit: &Visit, form: &Form, problem: Problem) -> Result<Self, Error> {
        let chosen = Scope::parse(form.text("scope")).unwrap_or(Scope::Write);
        let mut shown = Self {
            name: form.text("name").to_owned(),
            scopes: SCOPES.iter().map(|scope| choice(scope, chosen)).collect(),
            is_all: form.text("all") == "yes",
            expires: form.text("expires").to_owned(),
            problem: Some(problem),
            ..Self::empty(visit)?
        };
        form.all("project").for_each(|id| shown.choose(id));
        Ok(shown)
    }

    /// A project that is no longer offered stays chosen too: without it the key might open all.
    fn choose(&mut self, id: &str) {
        match self.projects.iter_mut().find(|project| project.id == id) {
            Some(project) => project.is_chosen = true,
            None => self.projects.insert(
                0,
                ProjectChoice {
                    id: id.to_owned(),
                    name: ProjectName::new(id, None),
                    is_chosen: true,
                },
            ),
        }
    }

    /// What is wrong with a field; with an empty name, what is wrong with none alone.
    pub fn wrong(&self, field: &str) -> Option<&str> {
        let problem = self.problem.as_ref();
        let problem = problem.filter(|problem| problem.is_of(field));
        problem.map(|problem| problem.sentence.as_str())
    }
}

/// In UTC, as a field for a day takes it.
fn today() -> String {
    let now = DateTime::from_timestamp_micros(now_us()).unwrap_or_default();
    now.format("%Y-%m-%d").to_string()
}

fn choice((scope, meaning): &(Scope, &'static str), chosen: Scope) -> ScopeChoice {
    ScopeChoice {
        name: scope.as_str(),
        meaning,
        is_chosen: *scope == chosen,
    }
}

/// In the order of what is shown, without regard to case.
fn choices(projects: Vec<ProjectSummary>) -> Vec<ProjectChoice> {
    let mut choices: Vec<_> = projects.into_iter().map(project).collect();
    choices.sort_by_cached_key(|project| project.name.name.to_lowercase());
    choices
}

fn project(summary: ProjectSummary) -> ProjectChoice {
    ProjectChoice {
        name: ProjectName::new(&summary.id, summary.name.as_deref()),
        id: summary.id,
        is_chosen: false,
    }
}
