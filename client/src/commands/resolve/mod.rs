//! `resolve`: lists open conflicts, shows one, and settles it.

mod open_conflicts;
mod settle;
mod two_way;

use anyhow::{Result, bail};

use super::exit::Done;
use super::open;
use super::round::round_after;
use super::say::{note, print, say};
use crate::cli::ResolveArgs;
use crate::config::Folder;
use crate::report::ConflictCopy;

pub use open_conflicts::open_conflicts;

/// Lists the conflicts, or is about one of them.
pub fn run(args: &ResolveArgs) -> Result<Done> {
    let folder = open::folder(args.at.folder.as_deref())?;
    let conflicts = open_conflicts(&folder)?;
    let Some(typed) = &args.path else {
        return list(&conflicts, args.json);
    };
    let path = open::path(&folder, typed)?;
    let conflict = one(&path, &conflicts)?;
    match args.keep {
        None => show(&folder, conflict),
        Some(keep) => {
            settle::settle(&folder, conflict, keep)?;
            // Also when the round fails, as without a network.
            say(format_args!("{} is settled.", conflict.path));
            let project = open::project(&folder)?;
            round_after(folder, &project)?;
            Ok(Done::InStep)
        }
    }
}

fn list(conflicts: &[ConflictCopy], as_json: bool) -> Result<Done> {
    if as_json {
        say(serde_json::to_string(conflicts)?);
    } else {
        for conflict in conflicts {
            say(format_args!(
                "{}: the other text is in {}",
                conflict.path, conflict.copy
            ));
        }
    }
    Ok(if conflicts.is_empty() {
        Done::InStep
    } else {
        Done::OutOfStep
    })
}

/// The conflict of a file or of a copy.
fn one<'a>(path: &str, conflicts: &'a [ConflictCopy]) -> Result<&'a ConflictCopy> {
    let is_it = |conflict: &&ConflictCopy| conflict.path == path || conflict.copy == path;
    let found: Vec<_> = conflicts.iter().filter(is_it).collect();
    match found[..] {
        [conflict] => Ok(conflict),
        [] => bail!("{path} has no open conflict."),
        _ => {
            let copies: Vec<&str> = found.iter().map(|conflict| &*conflict.copy).collect();
            bail!(
                "{path} has several copies; name one of them:\n{}",
                copies.join("\n")
            )
        }
    }
}

/// Prints both texts as one, with marks where they differ.
fn show(folder: &Folder, conflict: &ConflictCopy) -> Result<Done> {
    let file = settle::content(folder, &conflict.path)?.unwrap_or_default();
    let copy = settle::content(folder, &conflict.copy)?.unwrap_or_default();
    match two_way::marked(&file, &copy, &conflict.path, &conflict.copy) {
        Some(text) => print(text.as_bytes()),
        None => note("kamisync: These files are not text, so no difference is shown."),
    }
    note(format_args!(
        "kamisync: Edit {} as you like, then add --keep file; or add --keep copy for the other text.",
        conflict.path
    ));
    Ok(Done::OutOfStep)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(path: &str, copy: &str) -> ConflictCopy {
        ConflictCopy {
            path: path.to_owned(),
            copy: copy.to_owned(),
            is_local: false,
        }
    }

    #[test]
    fn a_conflict_is_named_by_its_file_or_by_its_copy() {
        let conflicts = [
            conflict("a", "a1"),
            conflict("b", "b1"),
            conflict("b", "b2"),
        ];
        assert_eq!(one("a", &conflicts).unwrap(), &conflicts[0]);
        assert_eq!(one("b2", &conflicts).unwrap(), &conflicts[2]);
        assert!(
            one("b", &conflicts)
                .unwrap_err()
                .to_string()
                .contains("b1\nb2")
        );
        assert!(one("c", &conflicts).is_err());
    }
}
