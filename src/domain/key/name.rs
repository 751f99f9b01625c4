//! What may name a key.

use std::fmt;

/// The name of a key, which the history shows: 1 to 100 characters, none of them a control
/// character, and no blanks around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// Checks the rules, and drops blanks around the name. The error is the broken rule, worded to
    /// follow "the name".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let name = text.trim();
        if !(1..=100).contains(&name.chars().count()) {
            return Err("must have 1 to 100 characters");
        }
        if name.contains(char::is_control) {
            return Err("must not contain a control character");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_short_line_of_text() {
        for bad in ["", "  ", "a\nb", "a\u{1b}b", &"é".repeat(101)] {
            assert!(KeyName::parse(bad).is_err(), "{bad:?}");
        }
        for (good, name) in [(" máy tính ", "máy tính"), ("Bob’s iPhone", "Bob’s iPhone")] {
            assert_eq!(KeyName::parse(good).unwrap().as_str(), name);
        }
        assert!(KeyName::parse(&"é".repeat(100)).is_ok());
    }
}
