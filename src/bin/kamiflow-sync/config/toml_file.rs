//! Reads TOML. An error says where the file is wrong and shows nothing of it, since it may be any file.

use anyhow::{Result, anyhow};
use serde::de::DeserializeOwned;

pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = 1 + before.unwrap_or_default().matches('\n').count();
        let reason = error.message().replace(char::is_control, " ");
        anyhow!("line {line} is wrong: {reason}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_shows_nothing_of_it() {
        let error = parse::<toml::Table>("a = 1\nb = \u{1b}[31m secret\n").unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("line 2 is wrong: "), "{error}");
        assert!(!error.contains(['\u{1b}', '\n']), "{error:?}");
        assert!(!error.contains("secret"), "{error}");
    }
}
