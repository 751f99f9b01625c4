//! Every address, with a key of every scope and of every rule about projects.
//!
//! An address that is added must be added here too, or the test fails.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};

use support::openapi::DOCUMENT;
use support::{Answer, Client, Host, encode, file, sha256};

use super::keys::make;

const SCOPES: [&str; 4] = ["read", "append", "write", "manage"];

/// A request, and the scope that it needs; nothing for what needs no key.
struct Case {
    method: &'static str,
    path: &'static str,
    body: Value,
    needs: &'static str,
}

fn cases() -> Vec<Case> {
    let push = json!({ "files": [file("new", b"x")] });
    let deletion = json!({ "files": [file("new", b"x")], "deletions": ["a"] });
    let purge = json!({ "path": "a" });
    let restore = json!({ "at": "2100-01-01T00:00:00Z" });
    let key = json!({ "name": "made", "scope": "read", "projects": ["p"] });
    let none = Value::Null;
    [
        ("get", "/", &none, ""),
        ("get", "/health", &none, ""),
        ("get", "/openapi.json", &none, ""),
        ("get", "/v1/info", &none, "read"),
        ("get", "/v1/projects", &none, "read"),
        ("get", "/v1/events", &none, "read"),
        ("get", "/v1/keys/self", &none, "read"),
        ("get", "/v1/projects/{id}/files", &none, "read"),
        ("get", "/v1/projects/{id}/files/{path}", &none, "read"),
        ("get", "/v1/projects/{id}/changes", &none, "read"),
        ("get", "/v1/projects/{id}/events", &none, "read"),
        ("get", "/v1/projects/{id}/status", &none, "read"),
        ("get", "/v1/projects/{id}/manifest", &none, "read"),
        ("get", "/v1/projects/{id}/portability", &none, "read"),
        ("get", "/v1/projects/{id}/history", &none, "read"),
        ("post", "/v1/projects/{id}/diff", &push, "read"),
        ("post", "/v1/projects/{id}/sync", &push, "append"),
        ("post", "/v1/projects/{id}/sync", &deletion, "write"),
        ("post", "/v1/projects/{id}/restore", &restore, "write"),
        ("post", "/v1/projects/{id}/purge", &purge, "manage"),
        ("delete", "/v1/projects/{id}", &none, "manage"),
        ("get", "/v1/keys", &none, "manage"),
        ("post", "/v1/keys", &key, "manage"),
        ("delete", "/v1/keys/{id}", &none, "manage"),
        ("post", "/v1/keys/{id}/rotate", &none, "manage"),
    ]
    .map(|(method, path, body, needs)| Case {
        method,
        path,
        body: body.clone(),
        needs,
    })
    .into()
}

impl Case {
    fn is_of_project(&self) -> bool {
        self.path.starts_with("/v1/projects/")
    }

    /// A key of this scope that opens these projects may do this to the project `p`.
    fn is_allowed(&self, scope: &str, projects: &Value) -> bool {
        let place = |scope| SCOPES.iter().position(|name| *name == scope);
        let opens = projects
            .as_array()
            .is_none_or(|ids| ids.contains(&json!("p")));
        place(self.needs) <= place(scope)
            && (opens || !self.is_of_project() || self.needs.is_empty())
    }

    fn send(&self, client: &Client, id: &str) -> Answer {
        let path = self.path.replace("{id}", id).replace("{path}", "a");
        let query = if path.ends_with("/history") {
            "?path=a"
        } else {
            ""
        };
        let body = match &self.body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let method = self.method.to_uppercase();
        client.send(&method, &format!("{path}{query}"), &[], body.as_bytes())
    }
}

/// Everything that is stored, but for the times at which keys were used.
fn stored(host: &Host) -> Vec<Vec<Stored>> {
    let database = Connection::open(host.database()).unwrap();
    let select = |columns: &str, table: &str| {
        let mut select = database
            .prepare(&format!("SELECT {columns} FROM {table}"))
            .unwrap();
        let count = select.column_count();
        let row = |row: &rusqlite::Row| (0..count).map(|column| row.get(column)).collect();
        let rows = select.query_map([], row).unwrap();
        rows.map(Result::unwrap).collect::<Vec<Vec<Stored>>>()
    };
    let key = "id, name, scope, projects, hash, previous_hash, expires_at, revoked_at";
    [
        ("*", "project"),
        ("*", "version"),
        ("*", "file"),
        ("*", "content"),
        (key, "device_key"),
    ]
    .into_iter()
    .flat_map(|(columns, table)| select(columns, table))
    .collect()
}

#[test]
fn every_address_is_in_the_matrix() {
    let operations = DOCUMENT["paths"].as_object().unwrap().iter();
    let documented: BTreeSet<_> = operations
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            let methods = methods.filter(|method| *method != "parameters");
            methods.map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    let cases = cases();
    let tested = cases
        .iter()
        .map(|case| (case.path.to_owned(), case.method.to_owned()));
    assert_eq!(tested.collect::<BTreeSet<_>>(), documented);
}

#[test]
fn a_refusal_is_the_same_whether_the_thing_exists_or_not_and_changes_nothing() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let victim = make(&host, &json!({ "name": "victim", "scope": "read" }));
    for scope in SCOPES {
        for projects in [Value::Null, json!(["p", "ghost"]), json!(["other"])] {
            let key = json!({ "name": "x", "scope": scope, "projects": projects });
            let client = host.with_key(make(&host, &key)["key"].as_str());
            let before = stored(&host);
            for case in cases() {
                if case.is_allowed(scope, &projects) {
                    continue;
                }
                let ids = if case.is_of_project() {
                    ["p", "ghost"]
                } else {
                    [victim["id"].as_str().unwrap(), "0000000000"]
                };
                let [there, nowhere] = ids.map(|id| case.send(&client, id));
                let (method, path) = (case.method, case.path);
                let context = format!(
                    "{method} {path} with {scope} for {projects}: {}",
                    there.json
                );
                assert_eq!(there.json, nowhere.json, "{context}");
                let code = there.json["code"].clone();
                assert!(
                    ["scope", "project"].contains(&code.as_str().unwrap()),
                    "{context}"
                );
                // What a push has in it is read only with a key that may push.
                let needs = match (case.needs, scope) {
                    ("write", "read") if case.path.ends_with("/sync") => "append",
                    (needs, _) => needs,
                };
                if code == "scope" {
                    assert_eq!(
                        (&there.json["needs"], &there.json["has"]),
                        (&json!(needs), &json!(scope)),
                        "{context}"
                    );
                }
                there.failed(403, code.as_str().unwrap());
            }
            assert!(stored(&host) == before, "{scope} {projects}");
        }
    }
}

#[test]
fn what_a_key_may_do_it_can() {
    let host = Host::start();
    for scope in SCOPES {
        for projects in [Value::Null, json!(["p"]), json!(["other"])] {
            let key = json!({ "name": "x", "scope": scope, "projects": projects });
            let client = host.with_key(make(&host, &key)["key"].as_str());
            for case in cases() {
                if !case.is_allowed(scope, &projects) {
                    continue;
                }
                host.client().push_files("p", &[("a", "x")]).good();
                let mut target = key.clone();
                target["scope"] = json!("read");
                let target = make(&host, &target);
                let id = if case.is_of_project() {
                    "p"
                } else {
                    target["id"].as_str().unwrap()
                };
                let answer = if case.path.ends_with("/events") {
                    // GET would not end.
                    client.send("HEAD", &case.path.replace("{id}", id), &[], b"")
                } else {
                    case.send(&client, id)
                };
                let is_wider = case.path == "/v1/keys"
                    && case.method == "post"
                    && projects == json!(["other"]);
                let (method, path, status) = (case.method, case.path, answer.status);
                let context = format!("{method} {path} with {scope} for {projects}: {status}");
                assert_eq!([200, 201].contains(&status), !is_wider, "{context}");
            }
        }
    }
}

/// A key that manages those of one project reaches no other, and cannot tell whether there are any.
#[test]
fn keys_that_are_not_managed_are_as_if_there_were_none() {
    let host = Host::start();
    let victim = make(&host, &json!({ "name": "victim", "scope": "read" }));
    let key = json!({ "name": "x", "scope": "manage", "projects": ["p"] });
    let client = host.with_key(make(&host, &key)["key"].as_str());
    let before = stored(&host);
    for case in cases()
        .iter()
        .filter(|case| case.path.starts_with("/v1/keys/{id}"))
    {
        let id = victim["id"].as_str().unwrap();
        for id in [id, "0000000000", "x", &encode("é"), &sha256(b"x")] {
            case.send(&client, id).failed(404, "not_found");
        }
    }
    assert!(stored(&host) == before);
}
