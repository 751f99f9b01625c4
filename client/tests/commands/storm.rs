//! Two devices that watch the same few files while both are edited and the server is killed.
//!
//! `KAMISYNC_SEED=n` makes other edits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use support::{Host, Random, free_port};

use crate::watch::watching;
use crate::{Device, eventually};

const FILES: u64 = 3;
const SAVES: u64 = 60;

/// All files below a folder, by their path in it.
fn files(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            self::files(&entry.path(), &path, files);
        } else {
            // A file may be taken away meanwhile.
            files.extend(fs::read_to_string(entry.path()).map(|text| (path, text)));
        }
    }
}

fn tree(device: &Device, folder: &str) -> BTreeMap<String, String> {
    let mut tree = BTreeMap::new();
    files(&device.place(folder), folder, &mut tree);
    tree
}

/// The texts of all versions of all paths that the project ever had.
fn history(host: &Host) -> BTreeSet<String> {
    let client = host.client();
    let (changes, _) = client.changes("p", "0", 1000);
    let versions = |path: &str| client.history("p", path);
    let text = |path: &str, version: &Value| {
        let path = format!(
            "/v1/projects/p/files/{}?rev={}",
            support::encode(path),
            version["rev"]
        );
        String::from_utf8(client.get(&path).bytes).unwrap()
    };
    let paths = changes
        .iter()
        .map(|change| change["path"].as_str().unwrap());
    paths
        .flat_map(|path| {
            let puts = versions(path)
                .into_iter()
                .filter(|version| version["op"] == "put");
            puts.map(|version| text(path, &version)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn devices_that_watch_come_together_and_no_last_text_is_lost() {
    let port = free_port().to_string();
    let mut host = Host::with(&[("PORT", &port)]);
    let devices = [
        Device::linked("laptop", &host),
        Device::linked("phone", &host),
    ];
    let watches = [watching(&devices[0]), watching(&devices[1])];
    let seed = std::env::var("KAMISYNC_SEED").map_or(7, |seed| seed.parse().unwrap());
    let mut random = Random::new(seed);
    let mut last = BTreeMap::new();
    for save in 0..SAVES {
        let (device, file) = (random.in_range(0..2) as usize, random.in_range(0..FILES));
        let (path, text) = (format!("ideas/{file}.md"), format!("{save} of {device}\n"));
        devices[device].write(&path, &text);
        last.insert((device, file), text);
        if save == SAVES / 2 {
            host = Host::resume(host.kill(), &[("PORT", &port)]);
        }
        std::thread::sleep(Duration::from_millis(random.in_range(0..200)));
    }
    eventually("both folders are the same", || {
        let [first, second] = [0, 1].map(|device| tree(&devices[device], "ideas"));
        let in_step = || {
            devices
                .iter()
                .all(|device| device.run(&["status"]).code == Some(0))
        };
        first == second && in_step()
    });
    drop(watches);
    let mut kept = history(&host);
    for device in &devices {
        kept.extend(tree(device, "ideas").into_values());
        kept.extend(tree(device, ".sync").into_values());
    }
    for ((device, file), text) in last {
        assert!(
            kept.contains(&text),
            "the last text of device {device} in file {file}: {text}"
        );
    }
}
