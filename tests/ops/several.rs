//! Two servers behind one Caddy, as `deploy/several` has it: each project stays where it is until it is moved.

use serde_json::{Value, json};

use support::{Caddy, Host, KEY, argument, file, is_installed, run};

use crate::keys::add;
use crate::proxy::{answering, curl};

/// Two servers, and Caddy before both.
struct Servers {
    one: Host,
    two: Host,
    caddy: Caddy,
}

impl Servers {
    /// `None` where Caddy is not installed.
    fn start() -> Option<Self> {
        if !is_installed("caddy") {
            return None;
        }
        let (one, two) = (Host::start(), Host::start());
        let caddy = answering(Caddy::before_both(&one, &two));
        Some(Self { one, two, caddy })
    }

    /// Asks under the name of the first server, or of the second.
    fn ask(&self, name: &str, key: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let port = self.caddy.url.rsplit(':').next().unwrap();
        self.ask_host(&format!("{name}.localhost:{port}"), key, path, body)
    }

    /// Asks with this `Host`.
    fn ask_host(&self, host: &str, key: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let key = format!("authorization: Bearer {key}");
        let host = format!("host: {host}");
        let body = body.map(Value::to_string);
        let mut arguments = vec!["-H", &key, "-H", &host];
        if let Some(body) = &body {
            arguments.extend(["--data-binary", body]);
        }
        let (status, answer) = curl(&self.caddy, "127.0.0.1", path, &arguments);
        (status, serde_json::from_str(&answer).unwrap_or_default())
    }

    fn push(&self, name: &str, key: &str, project: &str, path: &str, text: &str) -> u16 {
        let push = json!({ "files": [file(path, text.as_bytes())] });
        let sync = format!("/v1/projects/{project}/sync");
        self.ask(name, key, &sync, Some(&push)).0
    }

    fn get(&self, name: &str, key: &str, path: &str) -> Value {
        let (status, answer) = self.ask(name, key, path, None);
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn projects(list: &Value) -> Vec<&str> {
    let list = list["projects"].as_array().expect("projects");
    list.iter()
        .filter_map(|project| project["id"].as_str())
        .collect()
}

#[test]
fn each_project_is_on_one_server_whichever_name_a_device_uses() {
    let Some(servers) = Servers::start() else {
        return;
    };
    servers.caddy.list(&["walk", "\"ghi chú\"", "~^~draft$"]);
    for name in ["a", "b"] {
        for project in ["notes", "walk", "ghi%20ch%C3%BA", "~draft", "a~draft"] {
            let path = format!("ideas/{name}");
            assert_eq!(servers.push(name, KEY, project, &path, "x"), 200);
        }
    }
    let files = |host: &Host, project: &str| host.client().status(project)["fileCount"].clone();
    assert_eq!(files(&servers.one, "notes"), 2);
    assert_eq!(files(&servers.two, "walk"), 2);
    assert_eq!(files(&servers.two, "ghi%20ch%C3%BA"), 2);
    assert_eq!(files(&servers.two, "~draft"), 2);
    // What concerns all projects, each server answers under its name.
    let listed = |name: &str| servers.get(name, KEY, "/v1/projects");
    assert_eq!(projects(&listed("a")), ["a~draft", "notes"]);
    assert_eq!(projects(&listed("b")), ["ghi chú", "walk", "~draft"]);
    let (laptop, _) = add(&servers.two, &["laptop", "--scope", "read"]);
    assert_eq!(servers.get("b", &laptop, "/v1/keys/self")["name"], "laptop");
    assert_eq!(servers.ask("a", &laptop, "/v1/keys/self", None).0, 403);
    servers.get("a", &laptop, "/v1/projects/walk/status");
    for name in ["a", "b"] {
        assert_eq!(servers.get(name, KEY, "/health")["status"], "ok");
        assert_eq!(servers.ask(name, KEY, "/dashboard", None).0, 303);
    }
}

#[test]
fn a_name_means_the_same_server_however_it_is_written() {
    let Some(servers) = Servers::start() else {
        return;
    };
    for (host, project) in [(&servers.one, "notes"), (&servers.two, "walk")] {
        host.client().push_files(project, &[("a", "x")]).good();
    }
    servers.caddy.list(&["walk"]);
    let port = servers.caddy.url.rsplit(':').next().unwrap();
    for (name, others, project) in [("a", "A", "notes"), ("b", "B", "walk")] {
        for host in [
            format!("{name}.localhost:{port}"),
            format!("{others}.localhost:{port}"),
            format!("{others}.LocalHost:{port}"),
            format!("{name}.localhost"),
            format!("{name}.localhost:443"),
        ] {
            for path in ["/v1/projects", "/v1/projects?limit=1"] {
                let (status, list) = servers.ask_host(&host, KEY, path, None);
                assert_eq!((status, projects(&list)), (200, vec![project]), "{host}");
            }
            let list = servers.ask_host(&host, KEY, "/v1/projects/", None);
            let own = servers.two.client().get("/v1/projects/").status;
            assert_eq!(list.0, own, "{host}");
            if own == 200 {
                assert_eq!(projects(&list.1), [project], "{host}");
            }
            let walk = servers.ask_host(&host, KEY, "/v1/projects/walk/status", None);
            assert_eq!(walk.1["fileCount"], 1, "{host}");
        }
    }
}

#[test]
fn devices_go_on_when_a_project_is_moved_behind_caddy() {
    let Some(servers) = Servers::start() else {
        return;
    };
    let (one, two) = (&servers.one, &servers.two);
    let (laptop, _) = add(one, &["laptop", "--scope", "write"]);
    for text in ["one", "two"] {
        assert_eq!(servers.push("a", &laptop, "notes", "ideas/a", text), 200);
        assert_eq!(servers.push("a", &laptop, "walk", "ideas/a", text), 200);
    }
    let status = servers.get("a", &laptop, "/v1/projects/notes/status");
    let history = "/v1/projects/notes/history?path=ideas/a";
    let before = servers.get("a", &laptop, history);
    let cursor = status["cursor"].as_str().unwrap();

    let moved = one.database().with_file_name("notes.db");
    run(&one.database(), &["move-out", "notes", argument(&moved)]).good();
    let (status, refusal) = servers.ask("a", &laptop, history, None);
    assert_eq!((status, &refusal["code"]), (503, &json!("moved")));
    assert_eq!(servers.push("a", &laptop, "notes", "ideas/a", "lost"), 503);
    run(&two.database(), &["move-in", argument(&moved)]).good();
    servers.caddy.list(&["notes"]);

    for name in ["a", "b"] {
        assert_eq!(servers.get(name, &laptop, history), before);
    }
    assert_eq!(servers.push("a", &laptop, "notes", "ideas/b", "x"), 200);
    let feed = format!("/v1/projects/notes/changes?since={cursor}");
    let feed = servers.get("a", &laptop, &feed);
    let changed: Vec<_> = feed["changes"].as_array().unwrap().iter().collect();
    assert_eq!((changed.len(), &changed[0]["path"]), (1, &json!("ideas/b")));
    // The other project of the key stays.
    assert_eq!(servers.push("a", &laptop, "walk", "ideas/b", "x"), 200);
    assert_eq!(one.client().status("walk")["fileCount"], 2);
    assert_eq!(two.client().status("notes")["fileCount"], 2);
    one.client().ask("notes", "status").failed(503, "moved");
    for host in [one, two] {
        run(&host.database(), &["check"]).good();
    }
}
