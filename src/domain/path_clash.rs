//! No disk can hold a file `a` beside a file `a/b`.

use std::collections::HashSet;
use std::fmt;

use super::current_state::CurrentState;
use super::path::FilePath;
use super::step::{Status, Step};

/// A path that cannot be stored beside another.
#[derive(Debug, PartialEq, Eq)]
pub struct PathClash {
    /// The path to store.
    pub path: String,
    /// What is in its way.
    pub obstacle: Obstacle,
}

/// What keeps a path from being stored. Its text is worded to follow "the path".
#[derive(Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A folder of the path is a file.
    FileAbove(String),
    /// The path is a folder of this file.
    FileBelow(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileAbove(folder) => write!(f, "lies below '{folder}', which is a file"),
            Self::FileBelow(file) => write!(f, "is a folder: '{file}' lies below it"),
        }
    }
}

/// Refuses a new file below another file, and one that is a folder of live files, unless the same
/// push deletes what is in its way.
pub fn check(steps: &[Step], current: &CurrentState) -> Result<(), PathClash> {
    let with_status = |status| {
        let steps = steps.iter().filter(move |step| step.status == status);
        steps.map(|step| step.path)
    };
    let puts: HashSet<&str> = steps
        .iter()
        .filter(|step| step.put.is_some())
        .map(|step| step.path.as_str())
        .collect();
    let deleted: HashSet<&str> = with_status(Status::Deleted).map(FilePath::as_str).collect();
    let is_live = |folder: &str| {
        let newest = current.newest.get(folder);
        newest.is_some_and(|newest| !newest.is_deletion())
    };
    let is_file =
        |folder: &str| puts.contains(folder) || is_live(folder) && !deleted.contains(folder);
    for path in with_status(Status::Created) {
        let above = path.folders().find(|folder| is_file(folder));
        let above = above.map(|folder| Obstacle::FileAbove(folder.to_owned()));
        let below = || {
            current
                .below
                .get(path.as_str())
                .cloned()
                .map(Obstacle::FileBelow)
        };
        if let Some(obstacle) = above.or_else(below) {
            let path = path.to_string();
            return Err(PathClash { path, obstacle });
        }
    }
    Ok(())
}
