//! The KamiFlow CLI as it works in the folder of a device: its push and its pull, with its own state.
//!
//! It pushes what is not as in its state, without saying what that was edited from, deletes nothing, and
//! writes what it pulls over what is there. So this is what the packages' `sync-manager.js` does.

use std::collections::HashMap;

use serde_json::{Value, json};
use support::{Client, content, file, sha256};

use crate::device::Device;
use crate::server::PROJECT;

/// What the CLI remembers.
#[derive(Default)]
pub struct Cli {
    checksums: HashMap<String, String>,
    last_pull: Option<Value>,
}

impl Cli {
    /// `kami sync-db push`: everything that is not as in the state.
    pub fn push(&mut self, device: &Device, client: &Client) {
        let files = device.files().into_iter();
        let changed = files.filter(|(path, text)| {
            let known = self.checksums.get(path);
            path.ends_with(".md") && known != Some(&sha256(text.as_bytes()))
        });
        let changed: Vec<(String, String)> = changed.collect();
        let files = changed
            .iter()
            .map(|(path, text)| file(path, text.as_bytes()));
        let files: Vec<Value> = files.collect();
        let body = json!({"files": files, "deletions": [], "metadata": {"name": "cli"}});
        if !changed.is_empty() && client.push(PROJECT, &body).status == 200 {
            let pushed = changed.into_iter();
            let pushed = pushed.map(|(path, text)| (path, sha256(text.as_bytes())));
            self.checksums.extend(pushed);
        }
    }

    /// `kami sync-db pull`: writes each path and its text, and remembers them when there were some and all were
    /// written.
    pub fn pull(&mut self, client: &Client, mut write: impl FnMut(&str, &str) -> bool) {
        let since = self.last_pull.clone().unwrap_or_else(|| json!(0));
        let pulled = client.pull_since(PROJECT, &since, 100).into_iter();
        let pulled = pulled.map(|file| {
            let path = file["path"].as_str().expect("a path").to_owned();
            (path, String::from_utf8_lossy(&content(&file)).into_owned())
        });
        let pulled: Vec<(String, String)> = pulled.collect();
        let are_written = pulled.iter().all(|(path, text)| write(path, text));
        if pulled.is_empty() || !are_written {
            return;
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("a clock").as_millis();
        self.last_pull = Some(json!(u64::try_from(now).expect("a time")));
        let checksums = pulled.iter();
        let checksums = checksums.map(|(path, text)| (path.clone(), sha256(text.as_bytes())));
        self.checksums.extend(checksums);
    }
}
