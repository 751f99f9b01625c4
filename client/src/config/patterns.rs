//! Patterns as in `.gitignore`.

use std::borrow::Cow;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use unicode_normalization::UnicodeNormalization;

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
        builder.add_line(None, &composed(line)).map_err(unusable)?;
    }
    builder.build().map_err(unusable)
}

/// What the patterns say of a path, which must not begin with a slash.
pub(super) fn verdict(patterns: &Gitignore, path: &str, is_folder: bool) -> Match<()> {
    let path = composed(path);
    let verdict = patterns.matched_path_or_any_parents(&*path, is_folder);
    verdict.map(drop)
}

/// Systems write accents in two ways, and a pattern is for both.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        text.into()
    } else {
        text.nfc().collect::<String>().into()
    }
}

/// Whether a pattern is for what is below a folder that is none of these.
pub(super) fn is_elsewhere(pattern: &str, folders: &[String]) -> bool {
    let path = pattern.trim_end().trim_end_matches('/');
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let is_plain = !first.contains(['*', '?', '[', '\\']) && !pattern.starts_with(['!', '#']);
    path.contains('/') && is_plain && !folders.iter().any(|folder| folder == first)
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
    let first = path.split('/').next().unwrap_or_default();
    names.any(|name| matches!(name, "" | "." | ".." | ".kamiflow"))
        || matches!(first.as_bytes(), b"~" | [_, b':'])
        || has_foreign_separator(path)
}

/// Whether a backslash stands where it makes no sign plain, as between folders on Windows.
fn has_foreign_separator(path: &str) -> bool {
    let next = path
        .match_indices('\\')
        .map(|(at, _)| path[at + 1..].chars().next());
    next.flatten().any(char::is_alphanumeric)
}
