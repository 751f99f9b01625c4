//! Keys that cannot be used.

use std::fs;

use serde_json::{Value, json};
use support::{Host, finished};

use crate::Device;

#[test]
fn a_key_that_cannot_be_used_says_to_link_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let key = laptop.place(".sync/kamisync.key");
    for unusable in ["", "\n", "two\nlines", "with\u{7f}sign", "kh\u{f3}a"] {
        fs::write(&key, unusable).unwrap();
        for command in ["sync", "status"] {
            let refused = laptop.run(&[command]);
            assert_eq!(refused.code, Some(2), "{unusable:?} {refused:?}");
            assert!(refused.err.contains("kamisync link"), "{refused:?}");
        }
    }
    let mut link = laptop.command(&["link", &host.url]);
    let link = link.env("KAMISYNC_KEY", "kh\u{f3}a").output().unwrap();
    assert_eq!(link.status.code(), Some(2), "{link:?}");
}

#[test]
fn a_key_that_the_server_no_longer_takes_says_to_link_again() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let body = json!({ "name": "laptop", "scope": "write" });
    let made = host.client().post("/v1/keys", &body).json;
    let link = |key: &Value| {
        let mut link = laptop.command(&["link", &host.url]);
        let link = link.env("KAMISYNC_KEY", key.as_str().unwrap()).output();
        finished(link.unwrap())
    };
    link(&made["key"]).good();
    let id = made["id"].as_str().unwrap();
    host.client().delete(&format!("/v1/keys/{id}")).good();
    for command in ["sync", "status"] {
        let refused = laptop.run(&[command]).failed();
        assert!(
            refused.contains("revoked") && refused.contains("kamisync link"),
            "{refused}"
        );
    }
    assert!(link(&json!("kfs_wrong")).failed().contains("kamisync link"));
}
