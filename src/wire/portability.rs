//! Names that Windows, macOS and Linux cannot all hold in one tree.

use serde::Serialize;

use crate::domain::UnportableName;
use crate::domain::fault::Fault;

/// Names that an answer warns of, at most: a small request may store more than one can hold. `/portability` lists all.
const MAX_WARNINGS: usize = 1000;

/// A name, of a file or a folder, that some system cannot hold, or not beside another.
#[derive(Debug, Serialize)]
pub struct Unportable {
    /// The path of the file or folder.
    pub path: String,
    /// What is wrong: `character`, `device`, `ending`, `length` and `twin`.
    pub problems: Vec<&'static str>,
    /// At most three names that are one with it for a system that ignores case or how an accent is
    /// written.
    pub twins: Vec<String>,
    /// A sentence for a person.
    pub message: String,
}

/// `GET …/portability`.
#[derive(Debug, Serialize)]
pub struct UnportableNames {
    /// Names that are one with each other are neighbours.
    pub names: Vec<Unportable>,
    /// Whether more follow: ask again with `after=<last path>`.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
}

impl From<UnportableName> for Unportable {
    fn from(name: UnportableName) -> Self {
        Self {
            message: format!("{name}: rename it."),
            problems: problems(&name),
            path: name.path,
            twins: name.twins,
        }
    }
}

/// What an answer warns of.
pub fn warnings(names: Vec<UnportableName>) -> Vec<Unportable> {
    names
        .into_iter()
        .take(MAX_WARNINGS)
        .map(Into::into)
        .collect()
}

/// The problems of a name, as programs read them.
pub fn problems(name: &UnportableName) -> Vec<&'static str> {
    let twin = (!name.twins.is_empty()).then_some("twin");
    name.faults.iter().map(problem).chain(twin).collect()
}

fn problem(fault: &Fault) -> &'static str {
    match fault {
        Fault::Character => "character",
        Fault::Device => "device",
        Fault::Ending => "ending",
        Fault::Length => "length",
    }
}
