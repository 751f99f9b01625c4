//! Repeats what a client sent, but not without a limit.

/// Characters of sent text that an answer repeats; a valid path is never longer.
const EXCERPT: usize = 1024;

/// The text, cut off after 1024 characters, so that an answer does not grow with the request.
pub fn excerpt(sent: &str) -> String {
    match sent.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &sent[..end]),
        None => sent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(excerpt("short"), "short");
        let long = "é".repeat(2000);
        assert_eq!(excerpt(&long), format!("{}…", "é".repeat(EXCERPT)));
    }
}
