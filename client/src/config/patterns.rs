//! Patterns as in `.gitignore`.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::kamirc::ConfigError;

/// Reads patterns, which are blamed on where they come from.
pub(super) fn patterns<'a>(
    origin: &str,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Gitignore, ConfigError> {
    let mut builder = GitignoreBuilder::new("");
    let unusable = |error: ignore::Error| {
        let sentence = format!("{origin} has a pattern that cannot be used: {error}.");
        ConfigError::Unusable(sentence)
    };
    for line in lines {
        builder.add_line(None, line).map_err(unusable)?;
    }
    builder.build().map_err(unusable)
}
