//! The server, which is killed and started again on its data.

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Client, Host, encode};

/// The project of all devices.
pub const PROJECT: &str = "p";

/// A server.
pub struct Server(Option<Host>);

impl Server {
    /// A new one.
    pub fn start() -> Self {
        Self(Some(Host::start()))
    }

    /// Address and port.
    pub fn address(&self) -> &str {
        self.host().address()
    }

    /// Kills it, and starts another one on its data.
    pub fn kill(&mut self) {
        let folder = self.0.take().expect("a server").kill();
        self.0 = Some(Host::resume(folder, &[]));
    }

    fn host(&self) -> &Host {
        self.0.as_ref().expect("a server")
    }

    /// The way of the CLI to it.
    pub fn client(&self) -> Client {
        self.host().client()
    }

    /// Paths and texts of all files.
    pub fn files(&self) -> std::collections::BTreeMap<String, String> {
        let files = self.client().pull_all(PROJECT, 1000).into_iter();
        let file = |file: Value| {
            let path = file["path"].as_str().expect("a path").to_owned();
            let text = self.text(&format!("files/{}", encode(&path)));
            (path, text)
        };
        files.map(file).collect()
    }

    /// The texts of all versions of all files.
    pub fn history(&self) -> BTreeSet<String> {
        let (changes, _) = self.client().changes(PROJECT, "0", 1000);
        let mut texts = BTreeSet::new();
        for change in changes {
            let path = change["path"].as_str().expect("a path");
            for version in self.client().history(PROJECT, path) {
                if version["checksum"].is_string() {
                    let rev = &version["rev"];
                    texts.insert(self.text(&format!("files/{}?rev={rev}", encode(path))));
                }
            }
        }
        texts
    }

    fn text(&self, what: &str) -> String {
        let answer = self.client().ask(PROJECT, what);
        assert_eq!(answer.status, 200, "{what}");
        String::from_utf8_lossy(&answer.bytes).into_owned()
    }
}
