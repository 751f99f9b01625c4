//! SIGKILL in the middle of a purge.

use std::time::Duration;

use serde_json::json;

use support::{Client, Host, run};

/// 20 MB in 20 versions, so that there are several steps.
fn push_versions(client: &Client) {
    for number in 0..20 {
        let text = format!("{number} of all work and no play ").repeat(40_000);
        client.push_files("p", &[("a", &text)]).good();
    }
}

#[test]
fn a_kill_leaves_a_sound_history_and_the_next_purge_goes_on() {
    let mut host = Host::start();
    host.client().push_files("p", &[("b", "kept")]).good();
    let purge = json!({ "path": "a" });
    for wait in [5, 10, 20, 40, 80] {
        push_versions(&host.client());
        let folder = std::thread::scope(|scope| {
            let (client, body) = (host.client(), purge.to_string());
            let address = "/v1/projects/p/purge";
            scope.spawn(move || _ = client.try_send("POST", address, &[], body.as_bytes()));
            std::thread::sleep(Duration::from_millis(wait));
            host.kill()
        });
        host = Host::resume(folder, &[]);
        run(&host.database(), &["check"]).good();
        let client = host.client();
        let purged = client.post("/v1/projects/p/purge", &purge).good();
        assert_eq!(purged["erased"], true);
        let out = run(&host.database(), &["check"]).good();
        assert!(
            out.contains("1 file,") && out.ends_with("4 B of content\n"),
            "{out}"
        );
        assert_eq!(client.get("/v1/projects/p/files/b").bytes, b"kept");
    }
}
