//! `purge`

use support::{Host, argument, first_rev, run};

#[test]
fn a_version_and_a_path_are_purged_beside_a_running_server_and_in_a_backup() {
    let host = Host::start();
    let client = host.client();
    let database = host.database();
    let rev = first_rev(client.push_files("p", &[("a", "one")])).to_string();
    client
        .push_files("p", &[("a", "two"), ("copy", "two")])
        .good();
    let backup = database.with_file_name("backup.db");
    run(&database, &["backup", argument(&backup)]).good();

    let out = run(&database, &["purge", "p", "a", "--rev", &rev]).good();
    assert!(out.contains("Purged 1 version of a"), "{out}");
    assert!(out.contains("Backups and exports"), "{out}");
    let out = run(&database, &["purge", "p", "a"]).good();
    assert!(out.contains("still in copy"), "{out}");
    client
        .get("/v1/projects/p/files/a")
        .failed(404, "not_found");
    assert_eq!(client.get("/v1/projects/p/files/copy").bytes, b"two");
    run(&database, &["check"]).good();

    let out = run(&backup, &["purge", "p", "a"]).good();
    assert!(out.contains("Purged 2 versions"), "{out}");
    run(&backup, &["check"]).good();
    for arguments in [
        ["purge", "q", "a"],
        ["purge", "p", "none"],
        ["purge", "p", "../a"],
    ] {
        run(&database, &arguments).failed();
    }
}
