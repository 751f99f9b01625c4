//! Which origins of web pages may read answers.

use std::net::Ipv6Addr;

use super::parse::list;

/// Origins whose pages may read the answers in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// None: no CORS header is ever sent.
    None,
    /// Any.
    Any,
    /// These only, each as a browser sends it.
    List(Vec<String>),
}

pub(super) fn origins(value: &str) -> Result<CorsOrigins, String> {
    let entries: Vec<&str> = list(value).collect();
    match entries.as_slice() {
        [] => return Ok(CorsOrigins::None),
        [none] if none.eq_ignore_ascii_case("none") => return Ok(CorsOrigins::None),
        _ => {}
    }
    let (any, named): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| *entry == "*");
    let named: Result<Vec<_>, _> = named.into_iter().map(origin).collect();
    if any.is_empty() {
        named.map(CorsOrigins::List)
    } else {
        named.map(|_| CorsOrigins::Any)
    }
}

/// The origin as browsers write it: in lower case, without a slash and without the usual port.
fn origin(entry: &str) -> Result<String, String> {
    // Of a page without an address, such as a local file.
    if entry == "null" {
        return Ok(entry.to_owned());
    }
    parse(entry)
        .ok_or_else(|| format!("must list origins such as https://notes.example, not '{entry}'"))
}

fn parse(entry: &str) -> Option<String> {
    let entry = entry.to_ascii_lowercase();
    let (scheme, rest) = entry.split_once("://")?;
    let usual_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let authority = authority.strip_suffix(usual_port).unwrap_or(authority);
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let is_sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(is_scheme)
        && is_authority(authority);
    is_sound.then(|| format!("{scheme}://{authority}"))
}

/// A host without a user, and perhaps a port.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let in_brackets = |host: &str| Some(host.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    let is_host = match in_brackets(host) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(is_host_character),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-_".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_none_any_or_a_list() {
        assert_eq!(origins(""), Ok(CorsOrigins::None));
        assert_eq!(origins("none"), Ok(CorsOrigins::None));
        assert_eq!(origins("*"), Ok(CorsOrigins::Any));
        assert_eq!(
            origins("https://a, https://b"),
            Ok(CorsOrigins::List(vec![
                "https://a".into(),
                "https://b".into()
            ]))
        );
    }

    #[test]
    fn an_origin_is_read_as_a_browser_writes_it() {
        for (written, sent) in [
            ("https://x/", "https://x"),
            ("HTTPS://Notes.Example", "https://notes.example"),
            ("https://x:443/", "https://x"),
            ("http://x:80", "http://x"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("app://obsidian.md", "app://obsidian.md"),
            ("null", "null"),
        ] {
            let list = CorsOrigins::List(vec![sent.to_owned()]);
            assert_eq!(origins(written), Ok(list), "{written}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_and_shown() {
        for bad in [
            "x.example",
            "localhost:3000",
            "https://x/app",
            "https://x?y",
            "https://x/#y",
            "https://*.x",
            "https://me@x",
            "https://",
            "https://a b",
            "https://x:y",
            "https://x//",
            "://x",
            "none, https://x",
            "*, x",
        ] {
            let rule = origins(bad).unwrap_err();
            assert!(rule.contains(" not '"), "{bad}: {rule}");
        }
    }
}
