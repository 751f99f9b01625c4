//! Repeats what a client sent, but not without a limit.

/// Characters of a sent path that an answer repeats; a valid path is never longer.
const PATH: usize = 1024;
/// Characters of anything else, and of all that is repeated before the key is checked.
const BRIEF: usize = 200;

/// The text, cut off after 1024 characters, so that an answer does not grow with the request.
pub fn excerpt(sent: &str) -> String {
    cut(sent, PATH)
}

/// The text, cut off after 200 characters.
pub fn brief_excerpt(sent: &str) -> String {
    cut(sent, BRIEF)
}

fn cut(sent: &str, characters: usize) -> String {
    match sent.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &sent[..end]),
        None => sent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "é".repeat(2000);
        for (excerpt, limit) in [(excerpt as fn(&str) -> _, PATH), (brief_excerpt, BRIEF)] {
            assert_eq!(excerpt("short"), "short");
            assert_eq!(excerpt(&long), format!("{}…", "é".repeat(limit)));
        }
    }
}
