//! The names that files take up: their own, and those of the folders above them.

use std::collections::HashSet;

use super::folding::fold;
use super::path::FilePath;

/// The path of a file or of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'p> {
    /// As it is spelled.
    pub path: &'p str,
    /// The form that it has in common with the names that are one with it.
    pub folded: String,
    /// Whether it is a file.
    pub is_file: bool,
    /// Whether it was found among the stored names.
    pub is_stored: bool,
    /// Other stored names with the same form that will not be deleted, as far as they were looked up.
    pub twins: Vec<String>,
}

/// The names of these files, which are different ones, and of all folders above them, each once.
pub fn names<'p>(files: impl Iterator<Item = &'p FilePath>) -> Vec<Name<'p>> {
    let (mut names, mut known, mut last) = (Vec::new(), HashSet::new(), None);
    let name = |path, folded: &str, is_file| Name {
        path,
        folded: folded.to_owned(),
        is_file,
        is_stored: false,
        twins: Vec::new(),
    };
    for file in files {
        let folded = fold(file.as_str());
        let folder = file.folders().last();
        // Many files of one folder come one after the other.
        if folder != last {
            last = folder;
            let ends = folded.match_indices('/').map(|(end, _)| end);
            let new = file.folders().zip(ends);
            let new = new.filter(|(folder, _)| known.insert(*folder));
            names.extend(new.map(|(folder, end)| name(folder, &folded[..end], false)));
        }
        names.push(name(file.as_str(), &folded, true));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_named_once_and_folded() {
        let files = ["A/b/C.md", "A/É.md"].map(|path| FilePath::parse(path).unwrap());
        let names = names(files.iter());
        let names: Vec<_> = names
            .iter()
            .map(|name| (name.path, name.folded.as_str(), name.is_file))
            .collect();
        assert_eq!(
            names,
            [
                ("A", "a", false),
                ("A/b", "a/b", false),
                ("A/b/C.md", "a/b/c.md", true),
                ("A/É.md", "a/é.md", true),
            ]
        );
    }
}
