//! A browser without JavaScript: it keeps the cookie of its session, and sends forms as pages have them.

use std::cell::RefCell;

use crate::TIMEOUT;

/// A browser at one server.
pub struct Browser {
    agent: ureq::Agent,
    url: String,
    /// The cookie as it goes back: name and value.
    cookie: RefCell<String>,
}

/// What a browser was answered.
#[derive(Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: ureq::http::HeaderMap,
    /// The body as received.
    pub bytes: Vec<u8>,
    /// The body as text.
    pub html: String,
}

impl Page {
    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Requires a page that is shown.
    pub fn good(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.html);
        self
    }

    /// Requires a redirect, and returns where it leads to.
    pub fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.html);
        self.header("location")
    }

    /// The value of a hidden field of a form.
    pub fn hidden(&self, name: &str) -> &str {
        let field = format!("name=\"{name}\" value=\"");
        let (_, after) = self.html.split_once(&field).expect("the field");
        after.split('"').next().expect("its end")
    }

    /// Names and values of the hidden fields of the first form with this action.
    fn hidden_fields(&self, action: &str) -> Vec<(String, String)> {
        let form = self
            .html
            .split_once(&format!("method=\"post\" action=\"{action}\""));
        let Some((_, form)) = form else {
            return vec![("token".to_owned(), self.hidden("token").to_owned())];
        };
        let form = form.split("</form>").next().unwrap_or_default();
        let fields = form.split("type=\"hidden\" name=\"").skip(1);
        let read = |field: &str| {
            let (name, rest) = field.split_once("\" value=\"")?;
            Some((name.to_owned(), unescaped(rest.split('"').next()?)))
        };
        fields.filter_map(read).collect()
    }
}

impl Browser {
    /// A browser that has not signed in.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
            cookie: RefCell::default(),
        }
    }

    /// Signs in with a key.
    pub fn sign_in(&self, key: &str) -> Page {
        self.post("/dashboard/sign-in", &[("key", key)])
    }

    /// The cookie of the session, empty without one.
    pub fn cookie(&self) -> String {
        self.cookie.borrow().clone()
    }

    /// Sends another cookie from now on.
    pub fn set_cookie(&self, cookie: &str) {
        *self.cookie.borrow_mut() = cookie.to_owned();
    }

    /// Opens an address to which a page of this server has led.
    pub fn get(&self, path: &str) -> Page {
        let referer = format!("{}/dashboard", self.url);
        let headers = [("sec-fetch-site", "same-origin"), ("referer", &referer)];
        self.send("GET", path, &headers, "")
    }

    /// Sends a form of this server, without the token of the session.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_from(&self.url.clone(), path, fields)
    }

    /// Sends a form that a page of another site may have.
    pub fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", path, &[("origin", origin)], &body(fields))
    }

    /// Sends a form of a page, with what these fields hold and with its hidden ones; where the page has no such form,
    /// with its token.
    pub fn submit(&self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let hidden = page.hidden_fields(path);
        let is_other = |name: &str| fields.iter().all(|(field, _)| *field != name);
        let others = hidden.iter().filter(|(name, _)| is_other(name));
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        self.post(
            path,
            &fields.iter().copied().chain(others).collect::<Vec<_>>(),
        )
    }

    /// Sends a request with these headers in addition to the cookie, and takes in a new one.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("cookie", self.cookie());
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a sound request");
        let mut response = self.agent.run(request).expect("the server answers");
        let bytes = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec();
        let page = Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            html: String::new(),
            bytes: bytes.expect("the whole body"),
        };
        let cookie = page.header("set-cookie").split(';').next();
        if let Some(cookie) = cookie.filter(|cookie| !cookie.is_empty()) {
            self.set_cookie(cookie);
        }
        Page {
            html: String::from_utf8_lossy(&page.bytes).into_owned(),
            ..page
        }
    }
}

/// The text that is written like this in an attribute.
fn unescaped(html: &str) -> String {
    let codes = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ];
    let text = html.to_owned();
    codes.iter().fold(text, |text, (code, character)| {
        text.replace(code, character)
    })
}

fn body(fields: &[(&str, &str)]) -> String {
    let field =
        |(name, value): &(&str, &str)| format!("{}={}", crate::encode(name), crate::encode(value));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}
