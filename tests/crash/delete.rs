//! SIGKILL in the middle of a deletion.

use std::time::Duration;

use serde_json::{Value, json};

use support::{Client, Host, file, run};

const FILES: usize = 20;

/// 20 MB, so that there are several steps.
fn push_large(client: &Client) {
    let text = |i: usize| format!("{i} of all work and no play ").repeat(40_000);
    let files: Vec<Value> = (0..FILES)
        .map(|i| file(&i.to_string(), text(i).as_bytes()))
        .collect();
    client.push("large", &json!({ "files": files })).good();
}

#[test]
fn a_kill_leaves_no_half_project_and_no_rows_for_ever() {
    let mut host = Host::start();
    host.client().push_files("small", &[("a", "one")]).good();
    for wait in [5, 10, 20, 40, 80] {
        push_large(&host.client());
        let folder = std::thread::scope(|scope| {
            let client = host.client();
            scope.spawn(move || _ = client.try_send("DELETE", "/v1/projects/large", &[], b""));
            std::thread::sleep(Duration::from_millis(wait));
            host.kill()
        });
        host = Host::resume(folder, &[]);
        run(&host.database(), &["check"]).good();
        let files = host.client().pull_all("large", 100).len();
        assert!(files == 0 || files == FILES, "{files} after {wait} ms");
        host.client().delete("/v1/projects/large").good();
        let out = run(&host.database(), &["check"]).good();
        let expected = "No damage in 1 project, 1 file, 1 version, 3 B";
        assert!(out.starts_with(expected), "{out}");
    }
}
