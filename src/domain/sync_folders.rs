//! Which folders below `.kamiflow/` are synced.

use std::fmt;

use super::path::FilePath;

/// The folders whose files are synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncFolders {
    /// All, and files that lie in none.
    Any,
    /// These only, by their exact names.
    Named(Vec<String>),
}

impl SyncFolders {
    /// Whether the file lies below a folder that is synced.
    pub fn contain(&self, path: &FilePath) -> bool {
        match self {
            Self::Any => true,
            Self::Named(names) => {
                let folder = path.folders().next();
                folder.is_some_and(|folder| names.iter().any(|name| name == folder))
            }
        }
    }

    /// The names as the setting has them; `*` for any.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::Named(names) => names.clone(),
        }
    }
}

impl fmt::Display for SyncFolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_below_a_named_folder_and_is_not_one() {
        let named = SyncFolders::Named(vec!["archive".to_owned(), "ideas".to_owned()]);
        for (path, contained) in [
            ("ideas/a.md", true),
            ("archive/2026/a.md", true),
            ("ideas", false),
            ("a.md", false),
            ("Ideas/a.md", false),
            ("ideas2/a.md", false),
            ("plugins/ideas/a.md", false),
        ] {
            let path = FilePath::parse(path).unwrap();
            assert_eq!(named.contain(&path), contained, "{path}");
            assert!(SyncFolders::Any.contain(&path));
        }
    }
}
