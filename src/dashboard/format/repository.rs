//! The repository of a project: any text that a client sent.

use http::Uri;

use super::name::Name;
use crate::wire::excerpt::brief_excerpt;

/// Bytes of an address that is a link.
const MAX_LINK: usize = 500;

/// A repository, as a link when it is an address on the web.
pub struct Repository {
    /// What the link leads to.
    pub link: Option<String>,
    /// What is shown.
    pub text: Name,
}

impl Repository {
    pub fn new(text: &str) -> Self {
        let is_link = is_on_the_web(text);
        let shown = text.trim_start_matches("https://").trim_end_matches(".git");
        Self {
            link: is_link.then(|| text.to_owned()),
            text: Name::new(brief_excerpt(if is_link { shown } else { text })),
        }
    }
}

/// Nothing else becomes a link: a `javascript:` address would run here.
fn is_on_the_web(text: &str) -> bool {
    let parsed = Some(text).filter(|text| text.len() <= MAX_LINK);
    let Some(Ok(uri)) = parsed.map(str::parse::<Uri>) else {
        return false;
    };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    is_web
        && uri
            .authority()
            .is_some_and(|host| !host.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_on_the_web_is_a_link() {
        for text in ["https://github.com/a/b.git", "http://git.local:3000/x"] {
            assert_eq!(Repository::new(text).link.as_deref(), Some(text));
        }
        for text in [
            "javascript:alert(1)",
            "JavaScript://x/%0aalert(1)",
            "data:text/html,x",
            "git@github.com:a/b.git",
            "ssh://git@github.com/a/b",
            "https://user:password@host/x",
            "https://",
            "//evil.example/x",
            " https://a b",
            &format!("https://a/{}", "x".repeat(500)),
            "",
        ] {
            assert!(Repository::new(text).link.is_none(), "{text}");
        }
        let shown = Repository::new("https://github.com/a/b.git")
            .text
            .to_string();
        assert_eq!(shown, "<bdi>github.com/<wbr>a/<wbr>b</bdi>");
    }
}
