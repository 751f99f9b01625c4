//! What is stored at and around the paths of a push.

use std::collections::HashMap;

use super::name::Name;
use super::path::FilePath;
use super::version::Version;

/// What is stored at and around the paths of a push.
#[derive(Debug, Default)]
pub struct CurrentState<'p> {
    /// The newest version of every path, and of every folder above a path to store, where there is
    /// one.
    pub newest: HashMap<&'p str, Version>,
    /// For a path to store: a live file below it that the push does not delete, where there is one.
    pub below: HashMap<&'p str, String>,
    /// The names that the paths to store take up.
    pub names: Vec<Name<'p>>,
}

impl CurrentState<'_> {
    /// The newest version of a path, where there is one.
    pub fn newest(&self, path: &FilePath) -> Option<&Version> {
        self.newest.get(path.as_str())
    }
}
