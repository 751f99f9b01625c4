//! What is wrong with a setting.

/// A value that breaks the rule of its setting.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {rule}", .name.to_uppercase())]
pub struct BadSetting {
    /// As `spin.toml` spells it.
    pub name: &'static str,
    /// Worded to follow the name.
    pub rule: String,
}
