//! What several pages show.

use crate::api::clock::now_us;
use crate::api::handlers::position_at;
use crate::dashboard::format::{Name, Time};
use crate::domain::Rev;

/// The name of a project, with its id if that is another.
pub struct ProjectName {
    /// The name that a client gave it, else the id.
    pub name: String,
    pub id: Option<Name>,
}

impl ProjectName {
    pub fn new(id: &str, name: Option<&str>) -> Self {
        let name = name.filter(|name| !name.trim().is_empty());
        let other = name.filter(|name| *name != id).map(|_| Name::new(id));
        Self {
            name: name.unwrap_or(id).to_owned(),
            id: other,
        }
    }

    pub fn shown(&self) -> Name {
        Name::new(&*self.name)
    }
}

/// Time before a page is made from which on it gets changes: what was being stored then is not on it.
const MARGIN_US: Rev = 2_000_000;

/// From where on a page gets changes; none on a page behind the first, which no new change is on.
pub fn events_for(is_first: bool) -> Option<String> {
    is_first.then(|| position_at(now_us() - MARGIN_US))
}

/// When something was changed, and by which device, as far as that said.
pub struct Changed {
    pub at: Time,
    pub by: Option<Name>,
}

impl Changed {
    pub fn new(at: Rev, by: Option<String>) -> Self {
        Self {
            at: Time(at),
            by: by.map(Name::new),
        }
    }
}

/// A bar a day, as lines of SVG, 4 wide and up to 28 high.
#[derive(Debug, PartialEq, Eq)]
pub struct Bars {
    pub changes: String,
    /// Days without any.
    pub quiet: String,
}

impl Bars {
    /// Of the changes of each day. One change is seen beside a hundred, so heights are square roots.
    pub fn new(days: &[u64]) -> Self {
        let most = days.iter().copied().max().unwrap_or(0).max(1) as f64;
        let (mut changes, mut quiet) = (String::new(), String::new());
        for (day, count) in days.iter().enumerate() {
            let height = (28.0 * (*count as f64 / most).sqrt()).round() as u64;
            let (line, height) = match count {
                0 => (&mut quiet, 1),
                _ => (&mut changes, height.max(3)),
            };
            line.push_str(&format!("M{} 28v-{height}", 4 * day + 2));
        }
        Self { changes, quiet }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_seen_and_the_most_is_the_highest() {
        let bars = Bars::new(&[0, 1, 25, 100]);
        assert_eq!(bars.changes, "M6 28v-3M10 28v-14M14 28v-28");
        assert_eq!(bars.quiet, "M2 28v-1");
        assert_eq!(Bars::new(&[0; 30]).changes, "");
    }

    #[test]
    fn a_project_without_a_name_of_its_own_is_called_by_its_id() {
        for (name, shown, has_id) in [
            (None, "p", false),
            (Some(" "), "p", false),
            (Some("p"), "p", false),
            (Some("Diary"), "Diary", true),
        ] {
            let project = ProjectName::new("p", name);
            assert_eq!(
                (project.name.as_str(), project.id.is_some()),
                (shown, has_id)
            );
        }
    }
}
