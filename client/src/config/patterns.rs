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
        if !is_comment(line) && can_match_nothing(line) {
            return Err(refusal(origin, line));
        }
        builder.add_line(None, line).map_err(unusable)?;
    }
    builder.build().map_err(unusable)
}

/// Whether a line is empty, or begins like a comment.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_end().is_empty() || line.starts_with('#')
}

/// Why a pattern that can match nothing is not taken: nothing would be synced, or kept back, by it, without a word.
pub(super) fn refusal(origin: &str, pattern: &str) -> ConfigError {
    ConfigError::Unusable(format!(
        "{origin} has '{pattern}', which matches no file: write a pattern as in .gitignore, from .kamiflow on, \
         such as 'ideas/img/'."
    ))
}

/// Whether a pattern has parts that no path has below `.kamiflow`.
fn can_match_nothing(pattern: &str) -> bool {
    let path = pattern.strip_prefix('!').unwrap_or(pattern).trim_end();
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut names = path.split('/');
    path.split('/').next() == Some(".kamiflow")
        || names.any(|name| matches!(name, "" | "." | ".."))
        || has_foreign_separator(path)
}

/// Whether a backslash stands where it makes no sign plain, as between folders on Windows.
fn has_foreign_separator(path: &str) -> bool {
    let next = path
        .match_indices('\\')
        .map(|(at, _)| path[at + 1..].chars().next());
    next.flatten().any(char::is_alphanumeric)
}
