//! What commands say when they cannot do what they are asked to: what is wrong, and what to do.

use std::path::Path;

use support::{Host, argument, command, finished, run};

/// Requires that a command fails with all of these words.
fn refused(database: &Path, arguments: &[&str], expected: &[&str]) {
    let text = run(database, arguments).failed();
    for expected in expected {
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let text = host.database().with_file_name("notes.md");
    std::fs::write(&text, "no database at all ".repeat(300)).unwrap();
    let said = format!("{} is not a database: ", text.display());
    for arguments in [
        &["move-in", argument(&text)][..],
        &["import-legacy", argument(&text)],
    ] {
        refused(&host.database(), arguments, &[&said]);
    }
    refused(&text, &["check"], &[&said]);
    let missing = host.database().with_file_name("missing.db");
    let arguments = ["move-in", argument(&missing)];
    refused(&host.database(), &arguments, &["there is no file "]);
    let (_, _, folder) = host.stop();
    let database = folder.path().join("sync.db");
    let refusal = run(&database, &["restore", argument(&text)]).failed();
    assert!(
        refusal.contains(&said) && !refusal.contains("Error code"),
        "{refusal}"
    );
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let missing = host.database().with_file_name("missing");
    let file = missing.join("x");
    let said = format!("there is no folder {}: ", missing.display());
    for arguments in [
        &["backup", argument(&file)][..],
        &["export", "p", argument(&file)],
        &["move-out", "p", argument(&file)],
    ] {
        refused(&host.database(), arguments, &[&said]);
    }
    let keep = |target: &Path, said: &str| {
        let arguments = ["backup", argument(target), "--keep", "3"];
        refused(&host.database(), &arguments, &[said]);
    };
    keep(&missing, "--keep needs a folder, and there is none at ");
    keep(&host.database(), "is a file");
}

#[test]
fn a_project_that_does_not_exist_is_named_with_a_way_to_list_those_that_do() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let file = host.database().with_file_name("x");
    let said = "there is no project \"nope\": 'kamiflow-sync doctor --projects' lists them";
    for arguments in [
        &["export", "nope", argument(&file)][..],
        &["purge", "nope", "ideas/a"],
        &["move-out", "nope", argument(&file)],
    ] {
        refused(&host.database(), arguments, &[said]);
    }
    let (_, _, folder) = host.stop();
    let database = folder.path().join("sync.db");
    refused(&database, &["renumber", "nope"], &[said]);
}

#[test]
fn a_path_that_was_never_stored_is_answered_with_where_paths_begin() {
    let host = Host::start();
    host.client()
        .push_files("p", &[("ideas/a.md", "one")])
        .good();
    let arguments = ["purge", "p", "kamiflow/ideas/a.md"];
    let said = ["was never stored", "below .kamiflow/, such as ideas/"];
    refused(&host.database(), &arguments, &said);
}

#[test]
fn renumber_asks_for_a_project_or_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut renumber = command(&folder.path().join("x.db"), &["renumber"]);
    let said = finished(renumber.output().unwrap());
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("<PROJECT|--all>"), "{said:?}");
}

#[test]
fn a_health_check_over_https_is_answered_with_the_address_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["healthcheck", "https://sync.example.org/health"];
    let said = ["without HTTPS", "http://127.0.0.1:3000/health"];
    refused(&folder.path().join("x.db"), &arguments, &said);
}

#[test]
fn a_key_goes_into_either_client() {
    let host = Host::start();
    let arguments = ["key", "add", "laptop", "--scope", "write"];
    let said = run(&host.database(), &arguments).err;
    assert!(
        said.contains("'kamisync link'") && said.contains("'kami sync-db setup'"),
        "{said}"
    );
}
