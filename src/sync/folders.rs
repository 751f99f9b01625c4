//! No disk can hold a file `a` beside `a/b`.

use std::collections::HashSet;

use super::{Known, Plan};
use crate::error::Error;
use crate::project::FilePath;

/// Refuses a new file below another file, and one that is a folder of live ones, unless the same
/// push deletes what is in its way.
pub fn check(plan: &Plan, known: &Known) -> Result<(), Error> {
    let puts: HashSet<&str> = plan
        .steps
        .iter()
        .filter(|step| step.put.is_some())
        .map(|step| step.path.as_str())
        .collect();
    let deleted: HashSet<&str> = plan.deleted().map(FilePath::as_str).collect();
    let is_file = |folder: &str| {
        let stored = known
            .newest
            .get(folder)
            .is_some_and(|newest| newest.checksum.is_some());
        puts.contains(folder) || stored && !deleted.contains(folder)
    };
    for path in plan.created() {
        if let Some(folder) = path.folders().find(|folder| is_file(folder)) {
            return Err(blocked(
                path,
                format!("lies below '{folder}', which is a file"),
            ));
        }
        if let Some(below) = known.below.get(path.as_str()) {
            return Err(blocked(
                path,
                format!("is a folder: '{below}' lies below it"),
            ));
        }
    }
    Ok(())
}

fn blocked(path: &FilePath, rule: String) -> Error {
    Error::BadPath {
        path: path.to_string(),
        rule,
    }
}
