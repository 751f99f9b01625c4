//! The cookie of a session.
//!
//! Cookies know no ports: every service of this host can set one of any name, and its browser sends it here. So more
//! than one may come, none shuts the others out, and the one that is hardest to forge is looked at first.

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::api::{Error, site};
use crate::domain::session::SessionId;

/// The name without a port.
const NAME: &str = "kamiflow-session";
/// A browser takes a cookie with this prefix over HTTPS alone, from this host itself, and for all paths.
const HOST_PREFIX: &str = "__Host-";
/// Cookies that are looked at.
const MAX_SENT: usize = 8;

/// The cookie of a session, as a request sends it.
pub(super) struct Sent<'h> {
    name: &'h str,
    pub(super) id: SessionId,
    rank: Rank,
}

/// How sure it is that this server has set a cookie: the surest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Over HTTPS.
    OfHost,
    /// With the name that this server gives it.
    Own,
    /// With the name of programs before the name had a port.
    Old,
    /// By the server at another port, which may be this one before it got its port.
    Other,
}

impl Sent<'_> {
    /// Whether this server has set it, and none at another port.
    pub(super) fn is_own(&self) -> bool {
        self.rank < Rank::Other
    }
}

/// The cookies of sessions in a request. A browser sends those of longer paths first, and the one of this server is for
/// all paths, so of equals the last one goes first.
pub(super) fn sent(headers: &HeaderMap) -> Vec<Sent<'_>> {
    let own = name(headers);
    let values = headers.get_all(COOKIE).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let cookies = values.flat_map(|value| value.split(';'));
    let mut sent: Vec<_> = cookies.filter_map(|cookie| read(cookie, &own)).collect();
    sent.reverse();
    sent.sort_by(|one, other| one.rank.cmp(&other.rank));
    sent.truncate(MAX_SENT);
    sent
}

fn read<'h>(cookie: &'h str, own: &str) -> Option<Sent<'h>> {
    let (name, id) = cookie.trim().split_once('=')?;
    let rank = match name.strip_prefix(HOST_PREFIX) {
        Some(name) if name == own => Rank::OfHost,
        None if name == own => Rank::Own,
        None if name == NAME => Rank::Old,
        other => {
            let port = other.unwrap_or(name).strip_prefix(NAME)?;
            (port.is_empty() || port.starts_with('-')).then_some(Rank::Other)?
        }
    };
    let id = SessionId::parse(id)?;
    Some(Sent { name, id, rank })
}

/// The name has the port, so that two servers on one host do not sign each other out.
fn name(headers: &HeaderMap) -> String {
    let authority = site::authority(headers);
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    match port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(port) => format!("{NAME}-{port}"),
        None => NAME.to_owned(),
    }
}

/// Gives the browser the id of a session. What it got over HTTPS comes back over HTTPS alone.
pub(super) fn give(
    headers: &HeaderMap,
    response: &mut HeaderMap,
    id: &SessionId,
    is_https: bool,
) -> Result<(), Error> {
    let prefix = if is_https { HOST_PREFIX } else { "" };
    set(
        response,
        &format!("{prefix}{}", name(headers)),
        &id.to_string(),
        "",
    )
}

/// Takes back what this server has given it.
pub(super) fn take_back(headers: &HeaderMap, response: &mut HeaderMap) -> Result<(), Error> {
    let mut own = sent(headers).into_iter().filter(Sent::is_own);
    own.try_for_each(|sent| set(response, sent.name, "", "; Max-Age=0"))
}

fn set(response: &mut HeaderMap, name: &str, value: &str, attribute: &str) -> Result<(), Error> {
    let is_https = name.starts_with(HOST_PREFIX);
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{attribute}{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Error::Internal(error.into()))?;
    response.append(SET_COOKIE, cookie);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, cookies: &[&str]) -> HeaderMap {
        let url = format!("http://{host}/dashboard").parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("spin-full-url", url);
        for cookie in cookies {
            headers.append(COOKIE, cookie.parse().unwrap());
        }
        headers
    }

    #[test]
    fn every_id_is_found_and_the_surest_comes_first() {
        let ids = [1, 2, 3, 4, 5].map(|seed| SessionId::generate(|| seed));
        let [host, own, planted, old, other] = &ids;
        let cookies = [
            format!("a=b; {NAME}-3001={other}; {NAME}-3000={planted}; {NAME}={old}; c"),
            format!("{NAME}-3000={own}; {HOST_PREFIX}{NAME}-3000={host}; {NAME}-3000=x"),
            format!("{NAME}s={other}; x{NAME}={other}; {NAME}={other}x"),
        ];
        let headers = request("a:3000", &cookies.each_ref().map(String::as_str));
        let sent = sent(&headers);
        let found: Vec<_> = sent.iter().map(|sent| sent.id.to_string()).collect();
        let expected = [host, own, planted, old, other].map(ToString::to_string);
        assert_eq!(found, expected);
        let own = sent.iter().map(Sent::is_own).collect::<Vec<_>>();
        assert_eq!(own, [true, true, true, true, false]);
    }

    #[test]
    fn a_name_has_the_port_that_the_client_named() {
        for (host, expected) in [
            ("a.example", "kamiflow-session"),
            ("a.example:3000", "kamiflow-session-3000"),
            ("[::1]", "kamiflow-session"),
            ("[::1]:80", "kamiflow-session-80"),
        ] {
            assert_eq!(name(&request(host, &[])), expected, "{host}");
        }
    }

    #[test]
    fn what_was_given_over_https_has_the_prefix_and_is_taken_back() {
        let id = SessionId::generate(|| 7);
        for (is_https, begins, ends) in [
            (true, "__Host-kamiflow-session=", "; Secure"),
            (false, "kamiflow-session=", "; SameSite=Strict"),
        ] {
            let (request, mut response) = (request("a", &[]), HeaderMap::new());
            give(&request, &mut response, &id, is_https).unwrap();
            let cookie = response[SET_COOKIE].to_str().unwrap().to_owned();
            assert!(
                cookie.starts_with(begins) && cookie.ends_with(ends),
                "{cookie}"
            );
            let request = self::request("a", &[cookie.split(';').next().unwrap()]);
            take_back(&request, &mut response).unwrap();
            let last = response.get_all(SET_COOKIE).iter().next_back().unwrap();
            let last = last.to_str().unwrap();
            assert!(last.starts_with(&format!("{begins}; ")), "{last}");
            assert!(last.contains("; Max-Age=0"), "{last}");
        }
    }
}
