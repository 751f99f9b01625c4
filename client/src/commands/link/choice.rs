//! Which project a folder is linked with.

use anyhow::Result;

use crate::commands::exit::usage;

/// What is known when a folder is linked.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The id that was asked for.
    pub asked: Option<&'a str>,
    /// Whether a new project was asked for.
    pub new: bool,
    /// The id in `.kamirc.json`.
    pub configured: Option<&'a str>,
    /// The ids of the projects that the key opens; none when it opens all.
    pub opened: Option<&'a [String]>,
}

/// What to do about the project.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// Take this one.
    Take(String),
    /// Take this one, if the server has it.
    Find(String),
    /// Make one, if the server has none yet.
    MakeFirst,
    /// Make one.
    Make,
}

impl Known<'_> {
    /// The choice, as far as it does not depend on the projects of the server.
    pub fn choice(&self) -> Result<Choice> {
        let configured = self.configured.filter(|_| !self.new);
        match (self.asked.or(configured), self.opened) {
            (Some(id), Some(opened)) if !opened.iter().any(|open| open == id) => {
                Err(usage(format!("The key does not open the project {id}.")))
            }
            // What was typed may have a slip in it.
            (Some(id), None) if self.asked.is_some() && !self.new => {
                Ok(Choice::Find(id.to_owned()))
            }
            (Some(id), _) => Ok(Choice::Take(id.to_owned())),
            (None, Some([only])) => Ok(Choice::Take(only.clone())),
            (None, Some(opened)) => {
                let ids = opened.join(", ");
                Err(usage(format!(
                    "The key opens {ids}: name one with --project."
                )))
            }
            (None, None) if self.new => Ok(Choice::Make),
            (None, None) => Ok(Choice::MakeFirst),
        }
    }
}

/// A new id, as the KamiFlow CLI makes them.
pub fn new_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(id: &str) -> Choice {
        Choice::Take(id.to_owned())
    }

    #[test]
    fn what_was_asked_for_goes_before_what_is_configured() {
        let mut known = Known {
            asked: Some("a"),
            configured: Some("b"),
            ..Known::default()
        };
        assert_eq!(known.choice().unwrap(), Choice::Find("a".to_owned()));
        known.new = true;
        assert_eq!(known.choice().unwrap(), take("a"));
        (known.asked, known.new) = (None, false);
        assert_eq!(known.choice().unwrap(), take("b"));
        known.new = true;
        assert_eq!(known.choice().unwrap(), Choice::Make);
    }

    #[test]
    fn a_key_of_one_project_decides_and_one_of_several_asks() {
        let (one, two) = (["a".to_owned()], ["a".to_owned(), "b".to_owned()]);
        let mut known = Known {
            opened: Some(&one),
            ..Known::default()
        };
        assert_eq!(known.choice().unwrap(), take("a"));
        known.opened = Some(&two);
        let asked = known.choice().unwrap_err().to_string();
        assert!(asked.contains("a, b"), "{asked}");
        known.configured = Some("c");
        assert!(
            known
                .choice()
                .unwrap_err()
                .to_string()
                .contains("does not open")
        );
    }

    #[test]
    fn a_second_device_does_not_get_a_project_of_its_own_unasked() {
        assert_eq!(Known::default().choice().unwrap(), Choice::MakeFirst);
    }

    #[test]
    fn ids_are_those_of_the_cli() {
        let id = new_id().unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(new_id().unwrap(), id);
    }
}
