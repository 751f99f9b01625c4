//! What may have changed since the last look.

use std::collections::BTreeSet;

/// From so many paths on, a look at everything costs no more.
const MANY: usize = 1000;

/// What may have changed since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Anything.
    Anything,
    /// Nothing but these paths, which may be those of folders, or not be synced.
    Paths(BTreeSet<String>),
}

impl Touched {
    /// Adds what was touched later.
    pub fn add(&mut self, more: Self) {
        match (&mut *self, more) {
            (Self::Paths(paths), Self::Paths(more)) if paths.len() + more.len() < MANY => {
                paths.extend(more);
            }
            _ => *self = Self::Anything,
        }
    }
}

impl Default for Touched {
    fn default() -> Self {
        Self::Paths(BTreeSet::new())
    }
}

impl FromIterator<String> for Touched {
    fn from_iter<T: IntoIterator<Item = String>>(paths: T) -> Self {
        Self::Paths(paths.into_iter().collect())
    }
}

#[test]
fn paths_come_together_until_they_are_too_many() {
    let paths = |paths: &[&str]| -> Touched { paths.iter().copied().map(str::to_owned).collect() };
    let mut touched = Touched::default();
    touched.add(paths(&["a"]));
    touched.add(paths(&["b", "a"]));
    assert_eq!(touched, paths(&["a", "b"]));
    touched.add((0..MANY).map(|number| number.to_string()).collect());
    assert_eq!(touched, Touched::Anything);
    touched.add(paths(&["a"]));
    assert_eq!(touched, Touched::Anything);
}
