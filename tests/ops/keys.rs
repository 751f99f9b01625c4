//! `key`: keys of devices without a server, and beside one.

use kamiflow_sync_component::store::{FIRST_SCHEMA, steps};
use rusqlite::Connection;

use support::{Host, argument, run};

/// Makes a key on the command line. Returns the key and its id.
pub fn add(host: &Host, arguments: &[&str]) -> (String, String) {
    let all = [&["key", "add"], arguments].concat();
    let key = run(&host.database(), &all).good().trim().to_owned();
    let id = key.split('_').nth(1).unwrap().to_owned();
    (key, id)
}

#[test]
fn keys_are_managed_beside_a_running_server() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let (key, id) = add(
        &host,
        &[
            "laptop",
            "--scope",
            "append",
            "--project",
            "p",
            "--expires",
            "90d",
        ],
    );
    let device = host.with_key(Some(&key));
    let own = device.get("/v1/keys/self").good();
    assert_eq!(
        (&own["name"], &own["scope"]),
        (&"laptop".into(), &"append".into())
    );
    assert_eq!(own["projects"], serde_json::json!(["p"]));
    device.push_files("p", &[("b", "x")]).good();
    let list = run(&host.database(), &["key", "list"]).good();
    let line = list.lines().nth(1).unwrap();
    assert!(
        line.starts_with(&id) && line.ends_with("laptop (only p)"),
        "{list}"
    );
    assert!(!list.contains(&key[15..]));
    let rotated = run(&host.database(), &["key", "rotate", &id, "--grace", "0"]).good();
    device.get("/v1/info").failed(403, "forbidden");
    let device = host.with_key(Some(rotated.trim()));
    device.get("/v1/info").good();
    let out = run(&host.database(), &["key", "revoke", &id]).good();
    assert_eq!(out.trim(), format!("Revoked {id}, the key of laptop"));
    device.get("/v1/info").failed(403, "key_revoked");
    assert_eq!(
        run(&host.database(), &["key", "list"])
            .good()
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_key_that_is_made_before_the_first_start_works_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("sync.db");
    let key = run(&database, &["key", "add", "phone", "--scope", "read"]).good();
    let host = Host::resume(folder, &[]);
    host.with_key(Some(key.trim())).get("/v1/info").good();
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let host = Host::start();
    for (arguments, reason) in [
        (
            &["key", "add", " ", "--scope", "read"][..],
            "the name must have 1 to 100 characters",
        ),
        (
            &["key", "add", "x", "--scope", "read", "--project", "a/b"],
            "is no project id",
        ),
        (
            &[
                "key",
                "add",
                "x",
                "--scope",
                "read",
                "--expires",
                "1970-01-02",
            ],
            "is over",
        ),
        (
            &["key", "add", "x", "--scope", "read", "--expires", "soon"],
            "is no time",
        ),
        (&["key", "revoke", "0000000000"], "there is no key"),
        (&["key", "rotate", "0000000000"], "there is no key"),
        (&["key", "rotate", "x"], "there is no key"),
    ] {
        let out = run(&host.database(), arguments).failed();
        assert!(out.contains(reason), "{out}");
    }
    assert_eq!(
        run(&host.database(), &["key", "add", "x", "--scope", "all"]).code,
        Some(2)
    );
}

#[test]
fn a_restored_backup_brings_no_revoked_key_and_no_replaced_secret_back() {
    let host = Host::start();
    let (kept, _) = add(&host, &["kept", "--scope", "read"]);
    let (revoked, id) = add(&host, &["lost", "--scope", "read"]);
    let (replaced, rotated_id) = add(&host, &["leaked", "--scope", "read"]);
    let database = host.database();
    let backup = database.with_file_name("backup.db");
    run(&database, &["backup", argument(&backup)]).good();
    run(&database, &["key", "revoke", &id]).good();
    let newest = run(&database, &["key", "rotate", &rotated_id, "--grace", "0"]).good();
    let (later, _) = add(&host, &["later", "--scope", "read"]);
    let (_, _, folder) = host.stop();
    let out = run(&database, &["restore", argument(&backup)]).good();
    assert!(
        out.contains(&format!(
            "The key {id} of lost was revoked since the backup"
        )),
        "{out}"
    );
    assert!(
        !out.contains("leaked") && !out.contains("kept was"),
        "{out}"
    );
    let host = Host::resume(folder, &[]);
    let get = |key: &str| host.with_key(Some(key.trim())).get("/v1/info");
    get(&kept).good();
    get(&newest).good();
    get(&revoked).failed(403, "key_revoked");
    get(&replaced).failed(403, "forbidden");
    // A device that was added since need not be set up again.
    get(&later).good();
    run(&host.database(), &["check"]).good();
}

#[test]
fn an_older_backup_and_then_a_newer_one_bring_no_revoked_key_and_no_replaced_secret_back() {
    let host = Host::start();
    let database = host.database();
    let backup = |name: &str| {
        let backup = database.with_file_name(name);
        run(&database, &["backup", argument(&backup)]).good();
        backup
    };
    let older = backup("older.db");
    let (revoked, id) = add(&host, &["lost", "--scope", "read"]);
    let (replaced, rotated_id) = add(&host, &["leaked", "--scope", "read"]);
    let newer = backup("newer.db");
    run(&database, &["key", "revoke", &id]).good();
    let newest = run(&database, &["key", "rotate", &rotated_id, "--grace", "0"]).good();
    let (_, _, folder) = host.stop();
    for backup in [older, newer] {
        run(&database, &["restore", argument(&backup)]).good();
    }
    let host = Host::resume(folder, &[]);
    let get = |key: &str| host.with_key(Some(key.trim())).get("/v1/info");
    get(&newest).good();
    get(&revoked).failed(403, "key_revoked");
    get(&replaced).failed(403, "forbidden");
    run(&host.database(), &["check"]).good();
}

#[test]
fn a_backup_from_before_there_were_keys_is_restored() {
    let host = Host::start();
    let database = host.database();
    let backup = database.with_file_name("backup.db");
    let older = Connection::open(&backup).unwrap();
    for (number, step) in steps().filter(|(number, _)| *number <= FIRST_SCHEMA) {
        older.execute_batch(step).unwrap();
        older.pragma_update(None, "user_version", number).unwrap();
    }
    drop(older);
    let (key, _) = add(&host, &["laptop", "--scope", "read"]);
    let (_, _, folder) = host.stop();
    run(&database, &["restore", argument(&backup)]).good();
    assert_eq!(run(&database, &["key", "list"]).good().lines().count(), 2);
    let host = Host::resume(folder, &[]);
    host.with_key(Some(&key)).get("/v1/info").good();
}

#[test]
fn check_finds_keys_that_the_program_cannot_have_written() {
    let host = Host::start();
    let (key, _) = add(&host, &["laptop", "--scope", "append"]);
    let device = host.with_key(Some(&key));
    device.push_files("p", &[("a", "x")]).good();
    device.pull("p", "since=0");
    let database = Connection::open(host.database()).unwrap();
    run(&host.database(), &["check"]).good();
    for (tamper, finding) in [
        ("UPDATE device_key SET scope = 'root'", "1 key with"),
        ("UPDATE device_key SET hash = x'00'", "1 key with"),
        ("UPDATE device_key SET projects = 'p'", "1 key with"),
        ("UPDATE device_key SET previous_until = 5", "1 key with"),
        ("UPDATE version SET key = 99", "1 version with"),
        (
            "INSERT INTO device_project (project, key, epoch) VALUES (99, 1, 5)",
            "1 device position with",
        ),
        (
            "INSERT INTO device_project (project, key, epoch) VALUES (1, 99, 5)",
            "1 device position with",
        ),
    ] {
        let kept = ["device_key", "version", "device_project"];
        for table in kept {
            let keep = format!("CREATE TEMP TABLE kept_{table} AS SELECT * FROM main.{table}");
            database.execute_batch(&keep).unwrap();
        }
        database.execute_batch(tamper).unwrap();
        let out = run(&host.database(), &["check"]).failed();
        assert!(out.contains(finding), "{tamper}: {out}");
        for table in kept {
            let restore = format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}"
            );
            database.execute_batch(&restore).unwrap();
        }
    }
    run(&host.database(), &["check"]).good();
}

#[test]
fn an_export_has_no_hash() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    add(&host, &["laptop", "--scope", "read"]);
    let database = Connection::open(host.database()).unwrap();
    let hash: Vec<u8> = database
        .query_row("SELECT hash FROM device_key", [], |row| row.get(0))
        .unwrap();
    let tar = host.database().with_file_name("p.tar");
    run(&host.database(), &["export", "p", argument(&tar)]).good();
    let bytes = std::fs::read(tar).unwrap();
    assert!(!bytes.windows(hash.len()).any(|part| part == hash));
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!String::from_utf8_lossy(&bytes).contains(&hex));
}
