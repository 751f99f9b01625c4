//! The labels of `spin.toml`: what the manifest grants, and what this machine has behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[derive(Debug)]
pub struct Labels<T> {
    /// By the manifest.
    pub granted: HashSet<String>,
    /// By the runtime config.
    pub defined: HashMap<String, Arc<T>>,
}

/// Why a label cannot be opened.
#[derive(Debug, PartialEq)]
pub enum LabelError {
    /// The manifest does not grant it, whether it exists or not.
    AccessDenied,
    /// It is granted but not defined.
    Missing,
}

impl<T> Labels<T> {
    /// Checks the grant first, so that a guest cannot find out which labels exist.
    pub fn get(&self, label: &str) -> Result<Arc<T>, LabelError> {
        if !self.granted.contains(label) {
            return Err(LabelError::AccessDenied);
        }
        let defined = self.defined.get(label).cloned();
        defined.ok_or(LabelError::Missing)
    }
}
