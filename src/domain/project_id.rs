//! What may name a project.

/// The `:id` of a project: 1 to 200 bytes of UTF-8 without `/`, `\` and control characters,
/// and neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectId(String);

impl ProjectId {
    /// Takes the percent-decoded path segment; `None` when it breaks a rule.
    pub fn parse(text: String) -> Option<Self> {
        let sound = (1..=200).contains(&text.len())
            && !matches!(text.as_str(), "." | "..")
            && !text.contains(['/', '\\'])
            && !text.contains(char::is_control);
        sound.then_some(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_id_is_a_short_plain_name() {
        let long = "x".repeat(201);
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0", &long] {
            assert_eq!(ProjectId::parse(bad.to_owned()), None, "{bad:?}");
        }
        for good in [
            "0123456789abcdef",
            "my notes",
            "ghi chú",
            "...",
            &"x".repeat(200),
        ] {
            assert!(ProjectId::parse(good.to_owned()).is_some(), "{good:?}");
        }
    }
}
