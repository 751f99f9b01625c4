//! A real browser, driven as a person would use it: Debian's `chromium` by its `chromedriver`, over the W3C
//! protocol `WebDriver`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Process, TIMEOUT, free_port};

/// How long a page may take until it shows what a test waits for.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// The key under which the protocol has the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser window at one server.
pub struct Chrome {
    agent: ureq::Agent,
    /// The address of the session at the driver.
    session: String,
    server: String,
    _driver: Process,
    /// What the browser leaves behind. Dropped after the driver, which ends the browser.
    _files: TempDir,
}

impl Chrome {
    /// A window of this size. Without `javascript`, pages run none.
    pub fn open(server: &str, (width, height): (u32, u32), javascript: bool) -> Self {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let files = tempfile::tempdir().expect("a temporary folder");
        command.env("TMPDIR", files.path());
        let driver = Process::start(&mut command);
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        let setting = if javascript { 1 } else { 2 };
        let options = json!({
            // The sandbox of Chromium cannot be had by root, as whom containers run tests.
            // It asks nobody but the server.
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-quic", "--no-first-run",
                     format!("--window-size={width},{height}")],
            "prefs": { "profile.managed_default_content_settings.javascript": setting },
        });
        let mut chrome = Self {
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}"),
            server: server.to_owned(),
            _driver: driver,
            _files: files,
        };
        wait_until("chromedriver", || {
            chrome.try_call("GET", "/status", None).is_ok()
        });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" } });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let session = chrome.call("POST", "/session", Some(&wanted));
        let id = session["sessionId"].as_str().expect("a session");
        chrome.session = format!("{}/session/{id}", chrome.session);
        // A window has a least width; what a page sees has not.
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        chrome.devtools("Emulation.setDeviceMetricsOverride", &size);
        chrome
    }

    fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json");
        let body = body.map_or(String::new(), Value::to_string);
        let request = request.body(body).expect("a sound request");
        let response = self.agent.run(request).map_err(|error| error.to_string())?;
        let is_good = response.status().is_success();
        let text = response.into_body().read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if is_good {
            Ok(answer["value"].take())
        } else {
            Err(answer["value"].to_string())
        }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.try_call(method, path, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("POST", "/goog/cdp/execute", Some(&body));
    }

    /// Opens an address of the server, or of another one.
    pub fn go(&self, address: &str) {
        let is_path = address.starts_with('/');
        let server = if is_path { &self.server } else { "" };
        let url = json!({ "url": format!("{server}{address}") });
        self.call("POST", "/url", Some(&url));
    }

    /// The path and the query of the page that is open.
    pub fn address(&self) -> String {
        let url = self.call("GET", "/url", None);
        let url = url.as_str().unwrap_or_default();
        url.strip_prefix(&self.server).unwrap_or(url).to_owned()
    }

    fn find(&self, selector: &str) -> Result<String, String> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.try_call("POST", "/element", Some(&body))?;
        let id = found[ELEMENT].as_str().expect("an element");
        Ok(format!("/element/{id}"))
    }

    /// Whether the page has an element.
    pub fn has(&self, selector: &str) -> bool {
        self.find(selector).is_ok()
    }

    /// Presses an element, as soon as it is there.
    pub fn click(&self, selector: &str) {
        wait_until(selector, || {
            let found = self.find(selector);
            let press = |element: String| {
                let path = format!("{element}/click");
                self.try_call("POST", &path, Some(&json!({})))
            };
            found.and_then(press).is_ok()
        });
    }

    /// Types into a field.
    pub fn write(&self, selector: &str, text: &str) {
        wait_until(selector, || {
            let found = self.find(selector);
            let keys = json!({ "text": text });
            let press = |element: String| {
                let path = format!("{element}/value");
                self.try_call("POST", &path, Some(&keys))
            };
            found.and_then(press).is_ok()
        });
    }

    /// The text of an element, as it is seen. A page that brings itself up to date may put another element in its
    /// place between two calls; then it is looked for again.
    pub fn text(&self, selector: &str) -> String {
        wait_for(selector, || self.try_text(selector).ok())
    }

    /// Waits until the page shows a text.
    pub fn sees(&self, text: &str) {
        let shows = || self.try_text("body").is_ok_and(|all| all.contains(text));
        wait_until(text, shows);
    }

    /// Waits until the page shows a text no more.
    pub fn sees_no_more(&self, text: &str) {
        let lacks = || self.try_text("body").is_ok_and(|all| !all.contains(text));
        wait_until(text, lacks);
    }

    fn try_text(&self, selector: &str) -> Result<String, String> {
        let path = format!("{}/text", self.find(selector)?);
        let text = self.try_call("GET", &path, None)?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The value of an expression in the page, beside its policy.
    pub fn value(&self, expression: &str) -> Value {
        let body = json!({ "script": format!("return {expression}"), "args": [] });
        self.call("POST", "/execute/sync", Some(&body))
    }

    /// Waits until an expression in the page is true.
    pub fn waits_for(&self, expression: &str) {
        wait_until(expression, || self.value(expression) == Value::Bool(true));
    }

    /// What the browser has complained of since this was last asked for: scripts that failed, and what the policy
    /// of a page stopped.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", Some(&json!({ "type": "browser" })));
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].to_string()).collect()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // The browser ends with its session, and not with the driver.
        _ = self.try_call("DELETE", "", None);
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    wait_for(what, || holds().then_some(()));
}

fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PAGE_TIMEOUT, "waited for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
