//! The values of the component's variables: those that are resolved before the first request, and one that is found
//! out when it is asked for.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};

/// The values of the component's variables, by name.
#[derive(Default)]
pub struct Variables {
    resolved: HashMap<String, String>,
    /// The name of one that changes, and how it is found out.
    changing: Option<(&'static str, Box<Find>)>,
}

type Find = dyn Fn() -> String + Send + Sync;

impl Variables {
    pub fn new(resolved: HashMap<String, String>) -> Self {
        Self {
            resolved,
            changing: None,
        }
    }

    /// Adds a variable that changes. It waits neither for the database nor for a lock of a request.
    pub fn with_changing(
        self,
        name: &'static str,
        find: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            changing: Some((name, Box::new(find))),
            ..self
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        let changing = self.changing.as_ref();
        let changing = changing.filter(|(changing, _)| *changing == name);
        let resolved = self.resolved.get(name).cloned();
        resolved.or_else(|| changing.map(|(_, find)| find()))
    }
}

/// Some of the values are secret.
impl Debug for Variables {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.resolved.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_changes_is_found_out_unless_it_is_set() {
        let set = [("size".to_owned(), "10".to_owned())].into();
        let variables =
            |name| Variables::new(HashMap::clone(&set)).with_changing(name, || "11".to_owned());
        assert_eq!(variables("hour").get("hour").as_deref(), Some("11"));
        assert_eq!(variables("hour").get("day"), None);
        assert_eq!(variables("size").get("size").as_deref(), Some("10"));
        assert!(!format!("{:?}", variables("size")).contains("10"));
    }
}
