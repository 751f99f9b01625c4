//! Files of a device by their composed names: a Mac may list `é` as two characters where another
//! device wrote one.

use std::collections::HashMap;

use super::diff::LocalFile;
use super::folding::compose;
use super::path::FilePath;

/// The files of a device whose names can be spelled in several ways.
#[derive(Debug, Default)]
pub struct Spellings(HashMap<String, Vec<(FilePath, LocalFile)>>);

impl Spellings {
    /// Of all files of a device.
    pub fn of<'f>(files: impl Iterator<Item = (&'f FilePath, &'f LocalFile)>) -> Self {
        let mut spellings = HashMap::<_, Vec<_>>::new();
        for (path, file) in files.filter(|(path, _)| !path.as_str().is_ascii()) {
            let name = compose(path.as_str());
            spellings
                .entry(name)
                .or_default()
                .push((path.clone(), *file));
        }
        Self(spellings)
    }

    /// The files of the device that have this name in any spelling.
    pub fn get(&self, path: &str) -> &[(FilePath, LocalFile)] {
        if path.is_ascii() || self.0.is_empty() {
            return &[];
        }
        self.0.get(&compose(path)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::*;

    #[test]
    fn a_file_is_found_by_every_spelling_of_its_name() {
        let file = LocalFile {
            checksum: Checksum::of(b"x"),
            base: None,
        };
        let paths = ["a", "e\u{301}/E\u{301}", "ệ"].map(|path| FilePath::parse(path).unwrap());
        let spellings = Spellings::of(paths.iter().map(|path| (path, &file)));
        let found = |path: &str| {
            let found = spellings.get(path).iter();
            found.map(|(path, _)| path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("é/É"), ["e\u{301}/E\u{301}"]);
        assert_eq!(found("e\u{323}\u{302}"), ["ệ"]);
        for other in ["a", "é/é", "e", "e/E"] {
            assert!(found(other).is_empty(), "{other}");
        }
    }
}
