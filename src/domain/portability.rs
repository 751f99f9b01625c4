//! Names that Windows, macOS and Linux cannot all hold in one tree.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::fault::{Fault, faults};
use super::name::Name;

/// Twins that are listed for a name.
pub const MAX_TWINS: usize = 3;

/// What happens to a file with such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortablePaths {
    /// It is stored, and reported.
    Report,
    /// It is refused, unless it is stored already.
    Refuse,
}

impl PortablePaths {
    /// All values.
    pub const ALL: [Self; 2] = [Self::Report, Self::Refuse];

    /// The value as it is set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Refuse => "refuse",
        }
    }
}

/// A name, of a file or a folder, that some system cannot hold, or not beside another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnportableName {
    /// The path of the file or folder.
    pub path: String,
    /// What is wrong with a file, whatever there is beside it.
    pub faults: Vec<Fault>,
    /// Names that are one with it for a system that folds names: at most [`MAX_TWINS`].
    pub twins: Vec<String>,
}

impl UnportableName {
    /// The name with its faults and twins; none when it has neither.
    pub fn of(path: &str, is_file: bool, twins: Vec<String>) -> Option<Self> {
        let faults = if is_file { faults(path) } else { Vec::new() };
        (!faults.is_empty() || !twins.is_empty()).then(|| Self {
            path: path.to_owned(),
            faults,
            twins,
        })
    }
}

/// A clause, without a full stop.
impl fmt::Display for UnportableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.faults.iter().map(|fault| fault.text().to_owned());
        let mut reasons: Vec<_> = faults.collect();
        if !self.twins.is_empty() {
            let twins = self.twins.join("', '");
            reasons.push(format!("is the same as '{twins}' for macOS or Windows"));
        }
        write!(f, "The name '{}' {}", self.path, reasons.join(", and "))
    }
}

/// The names that some system cannot hold, or not beside each other and their twins.
pub fn find(names: &[Name]) -> Vec<UnportableName> {
    let groups = groups(names);
    let has_stored_twins = names.iter().any(|name| !name.twins.is_empty());
    let own = names.iter().filter(|_| has_stored_twins);
    let own: HashSet<&str> = own.map(|name| name.path).collect();
    let unportable = |name: &Name| {
        let others = groups.get(name.folded.as_str()).into_iter().flatten();
        let others = others.filter(|path| **path != name.path);
        let stored = name.twins.iter().map(String::as_str);
        let stored = stored.filter(|twin| !own.contains(twin));
        let twins = others.copied().chain(stored).take(MAX_TWINS);
        UnportableName::of(name.path, name.is_file, twins.map(str::to_owned).collect())
    };
    names.iter().filter_map(unportable).collect()
}

/// The names that are not alone with their form, by that form.
fn groups<'n>(names: &'n [Name]) -> HashMap<&'n str, Vec<&'n str>> {
    let (mut first, mut groups) = (HashMap::new(), HashMap::new());
    for name in names {
        if let Some(first) = first.insert(name.folded.as_str(), name.path) {
            let group = groups.entry(name.folded.as_str());
            group.or_insert_with(|| vec![first]).push(name.path);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::name::names;
    use super::super::path::FilePath;
    use super::*;

    fn paths(texts: &[&str]) -> Vec<FilePath> {
        let path = |text: &&str| FilePath::parse(text).unwrap();
        texts.iter().map(path).collect()
    }

    fn found(files: &[&str]) -> Vec<(String, Vec<String>)> {
        let files = paths(files);
        let found = find(&names(files.iter()));
        found
            .into_iter()
            .map(|name| (name.path, name.twins))
            .collect()
    }

    fn entry(path: &str, twins: &[&str]) -> (String, Vec<String>) {
        let twins = twins.iter().map(|twin| (*twin).to_owned());
        (path.to_owned(), twins.collect())
    }

    #[test]
    fn names_that_are_one_are_found_whether_files_or_folders() {
        assert_eq!(found(&["ideas/a.md", "ideas/b/a.md", "tasks/a.md"]), []);
        assert_eq!(
            found(&["ideas/Todo.md", "ideas/todo.md"]),
            [
                entry("ideas/Todo.md", &["ideas/todo.md"]),
                entry("ideas/todo.md", &["ideas/Todo.md"]),
            ]
        );
        assert_eq!(
            found(&["ideas/Plan.md", "ideas/plan.md/part.md"]),
            [
                entry("ideas/Plan.md", &["ideas/plan.md"]),
                entry("ideas/plan.md", &["ideas/Plan.md"]),
            ]
        );
        assert_eq!(
            found(&["ideas/A/1", "ideas/a/2"]),
            [
                entry("ideas/A", &["ideas/a"]),
                entry("ideas/a", &["ideas/A"])
            ]
        );
        assert_eq!(
            found(&["é", "e\u{301}"]),
            [entry("é", &["e\u{301}"]), entry("e\u{301}", &["é"])]
        );
    }

    #[test]
    fn a_fault_counts_for_a_file_and_not_again_for_its_folders() {
        let found = found(&["aux/a", "aux/b?"]);
        assert_eq!(found, [entry("aux/a", &[]), entry("aux/b?", &[])]);
    }

    #[test]
    fn a_few_twins_are_told_and_stored_ones_only_once() {
        let files = paths(&["a", "A"]);
        let mut names = names(files.iter());
        names[0].twins = ["A", "x", "y", "z"].map(str::to_owned).into();
        names[1].twins = vec!["a".to_owned()];
        let found: Vec<_> = find(&names).into_iter().map(|name| name.twins).collect();
        assert_eq!(found, [vec!["A", "x", "y"], vec!["a"]]);
    }

    #[test]
    fn a_sentence_has_all_reasons() {
        let name = UnportableName::of("ideas/CON?", true, vec!["ideas/con?".to_owned()]);
        assert_eq!(
            name.unwrap().to_string(),
            "The name 'ideas/CON?' has a character that Windows does not take (< > : \" | ? *), \
             and is the same as 'ideas/con?' for macOS or Windows"
        );
    }
}
