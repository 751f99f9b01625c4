//! The proxy that the environment asks for, as curl understands it: by the scheme of the address, with
//! exceptions.

use ureq::Proxy;

use super::address::Address;

/// The proxy for this server, by `https_proxy` or `http_proxy`, else `all_proxy`, but for the hosts of
/// `no_proxy`; each in lower or upper case.
///
/// `None` when none is set. An error when it is not an address.
pub fn proxy(
    address: &Address,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ureq::Error> {
    let variable = |name: &str| {
        let values = [variable(name), variable(&name.to_uppercase())];
        values.into_iter().flatten().find(|value| !value.is_empty())
    };
    let own = if address.is_https() {
        "https_proxy"
    } else {
        "http_proxy"
    };
    let Some(text) = variable(own).or_else(|| variable("all_proxy")) else {
        return Ok(None);
    };
    let exceptions = variable("no_proxy").unwrap_or_default();
    with_exceptions(&Proxy::new(&text)?, &exceptions).map(Some)
}

fn with_exceptions(proxy: &Proxy, exceptions: &str) -> Result<Proxy, ureq::Error> {
    let mut builder = Proxy::builder(proxy.protocol())
        .host(proxy.host())
        .port(proxy.port());
    if let Some(user) = proxy.username() {
        builder = builder.username(user);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in exceptions.split(',').map(str::trim) {
        builder = builder.no_proxy(host);
        // To curl, `.example.com` and `example.com` mean the domain and all below it.
        let domain = host.trim_start_matches('.');
        if !domain.is_empty() && !domain.contains('*') {
            builder = builder.no_proxy(domain).no_proxy(&format!(".{domain}"));
        }
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let address = Address::parse(url).unwrap();
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = proxy(&address, variable).unwrap()?;
        let uri = address.join("/v1/info").parse().unwrap();
        (!proxy.is_no_proxy(&uri)).then(|| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn the_scheme_of_the_address_chooses_the_variable() {
        let variables = [
            ("HTTPS_PROXY", "http://secure:3128"),
            ("http_proxy", "plain:8080"),
        ];
        let secure = found("https://sync.example.com", &variables);
        assert_eq!(secure.as_deref(), Some("secure:3128"));
        let plain = found("http://sync.example.com", &variables);
        assert_eq!(plain.as_deref(), Some("plain:8080"));
        assert_eq!(found("http://sync.example.com", &variables[..1]), None);
        let all = [("ALL_PROXY", "http://any:1080")];
        let any = found("https://sync.example.com", &all);
        assert_eq!(any.as_deref(), Some("any:1080"));
        assert_eq!(
            found("https://sync.example.com", &[("HTTPS_PROXY", "")]),
            None
        );
    }

    #[test]
    fn hosts_of_no_proxy_are_reached_directly() {
        for exceptions in ["sync.example.com", "a, example.com", ".example.com", "*"] {
            let variables = [("https_proxy", "proxy:1"), ("NO_PROXY", exceptions)];
            assert_eq!(
                found("https://sync.example.com", &variables),
                None,
                "{exceptions}"
            );
        }
        let variables = [("https_proxy", "proxy:1"), ("no_proxy", "ample.com,,b")];
        assert!(found("https://sync.example.com", &variables).is_some());
    }

    #[test]
    fn user_and_password_of_the_proxy_are_kept() {
        let address = Address::parse("https://sync.example.com").unwrap();
        let variable =
            |name: &str| (name == "https_proxy").then(|| "http://me:s%40c@p:1".to_owned());
        let proxy = proxy(&address, variable).unwrap().unwrap();
        assert_eq!(
            (proxy.username(), proxy.password()),
            (Some("me"), Some("s@c"))
        );
    }

    #[test]
    fn a_proxy_that_is_no_address_is_an_error() {
        let address = Address::parse("https://sync.example.com").unwrap();
        assert!(proxy(&address, |_| Some("gopher://proxy".to_owned())).is_err());
    }
}
