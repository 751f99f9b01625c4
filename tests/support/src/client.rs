//! An HTTP client that holds every answer against the `OpenAPI` document.

use serde_json::{Value, json};

use crate::content::{encode, file};
use crate::{TIMEOUT, openapi};

/// A client of one server, with or without a key.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
    documented: bool,
}

/// The response to a request.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: ureq::http::HeaderMap,
    /// The body as received, compressed or not.
    pub bytes: Vec<u8>,
    /// The body as JSON, null when it is not JSON.
    pub json: Value,
}

impl Answer {
    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Requires status 200 and returns the JSON.
    pub fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.json);
        self.json
    }

    /// Requires this error, in the JSON envelope that every error has, and returns the JSON.
    pub fn failed(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.json
        );
        assert_eq!(self.header("content-type"), "application/json");
        assert!(
            self.json["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty())
        );
        assert!(self.json["retryable"].is_boolean());
        self.json
    }
}

impl Client {
    /// `documented` says whether answers are held against the `OpenAPI` document.
    pub(crate) fn new(url: &str, key: Option<&str>, documented: bool) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
            key: key.map(str::to_owned),
            documented,
        }
    }

    /// Sends a request with these headers in addition to the key.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body)
            .expect("the server answers")
    }

    /// Sends a request to a server that may close the connection. Every answer must be documented.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a sound request");
        let mut response = self.agent.run(request)?;
        let bytes = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()?;
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes,
            json,
        };
        if self.documented {
            openapi::check(method, path, &answer);
        }
        Ok(answer)
    }

    /// Sends a GET request.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// Sends a DELETE request.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    /// Posts JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// Pushes a body to a project.
    pub fn push(&self, project: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/projects/{project}/sync"), body)
    }

    /// Pushes files, each a path and its text.
    pub fn push_files(&self, project: &str, files: &[(&str, &str)]) -> Answer {
        let files: Vec<Value> = files
            .iter()
            .map(|(path, text)| file(path, text.as_bytes()))
            .collect();
        self.push(project, &json!({ "files": files }))
    }

    /// Pulls one page.
    pub fn pull(&self, project: &str, query: &str) -> Value {
        self.get(&format!("/v1/projects/{project}/files?{query}"))
            .good()
    }

    /// Gets an address below a project, such as `status`.
    pub fn ask(&self, project: &str, what: &str) -> Answer {
        self.get(&format!("/v1/projects/{project}/{what}"))
    }

    /// Reads the change feed from a cursor to its end. Returns the changes and the last cursor.
    pub fn changes(&self, project: &str, since: &str, limit: usize) -> (Vec<Value>, String) {
        let (mut all, mut since) = (Vec::new(), since.to_owned());
        loop {
            let query = format!("changes?since={since}&limit={limit}");
            let page = self.ask(project, &query).good();
            all.extend_from_slice(page["changes"].as_array().expect("changes"));
            since = page["cursor"].as_str().expect("a cursor").to_owned();
            if page["hasMore"] != true {
                return (all, since);
            }
        }
    }

    /// The versions of a path, newest first.
    pub fn history(&self, project: &str, path: &str) -> Vec<Value> {
        let query = format!("history?limit=1000&path={}", encode(path));
        let answer = self.ask(project, &query).good();
        assert_eq!(answer["hasMore"], false);
        answer["versions"].as_array().expect("versions").clone()
    }

    /// The status of a project.
    pub fn status(&self, project: &str) -> Value {
        self.get(&format!("/v1/projects/{project}/status")).good()
    }

    /// Pulls everything, page by page, as the KamiFlow client does.
    pub fn pull_all(&self, project: &str, limit: usize) -> Vec<Value> {
        self.pull_since(project, &json!(0), limit)
    }

    /// Pulls the files that are newer than `since`, page by page.
    pub fn pull_since(&self, project: &str, since: &Value, limit: usize) -> Vec<Value> {
        let (mut all, mut since) = (Vec::new(), since.clone());
        loop {
            let page = self.pull(project, &format!("since={since}&limit={limit}"));
            let files = page["files"].as_array().expect("files").clone();
            since = files.last().map_or(since, |last| last["synced_at"].clone());
            all.extend(files);
            if page["hasMore"] != true {
                return all;
            }
        }
    }
}
