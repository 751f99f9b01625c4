//! `export` and `import`

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use support::{Host, argument, command, finished, root, run};

fn exported(host: &Host) -> PathBuf {
    let client = host.client();
    let long = format!("tasks/{}.md", "n".repeat(200));
    let files = [
        ("ideas/ghi chú.md", "một"),
        ("manifest.json", "{}"),
        (&long, "long"),
    ];
    client.push_files("p", &files).good();
    client.push_files("p", &[("gone", "x")]).good();
    let gone = json!({ "files": [], "deletions": ["gone"], "metadata": { "name": "Notes" } });
    client.push("p", &gone).good();
    let tar = host.database().with_file_name("p.tar");
    let out = run(&host.database(), &["export", "p", argument(&tar)]).good();
    assert!(out.starts_with("Exported 3 files"), "{out}");
    tar
}

fn unpacked(tar: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("tar");
    command.arg("-xf").arg(tar).arg("-C").arg(folder.path());
    assert!(command.status().expect("tar runs").success());
    folder
}

#[test]
fn an_export_is_plain_files_and_a_list() {
    let host = Host::start();
    let folder = unpacked(&exported(&host));
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(read("files/ideas/ghi chú.md"), "một");
    assert_eq!(read("files/manifest.json"), "{}");
    let list: Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!(
        (&list["project"], &list["name"]),
        (&json!("p"), &json!("Notes"))
    );
    let files = list["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    for field in ["path", "rev", "checksum", "size", "modified"] {
        assert!(!files[0][field].is_null(), "{field}");
    }
}

#[test]
fn an_export_to_standard_output_belongs_to_whoever_asked_for_it() {
    let host = Host::start();
    exported(&host);
    let tar = host.database().with_file_name("piped.tar");
    let mut export = command(&host.database(), &["export", "p", "-"]);
    let output = export.stdout(std::fs::File::create(&tar).unwrap()).output();
    let said = finished(output.unwrap());
    assert!(said.err.starts_with("Exported 3 files"), "{said:?}");
    let folder = unpacked(&tar);
    let text = folder.path().join("files/ideas/ghi chú.md");
    assert_eq!(std::fs::read_to_string(text).unwrap(), "một");
    let out = run(&host.database(), &["import", "q", argument(&tar)]).good();
    assert!(out.starts_with("Imported 3 files"), "{out}");
}

#[test]
fn an_import_gives_another_server_the_same_project() {
    let host = Host::start();
    let tar = exported(&host);
    let other = Host::start();
    let out = run(&other.database(), &["import", "p", argument(&tar)]).good();
    assert!(out.starts_with("Imported 3 files"), "{out}");
    assert_eq!(
        other.client().status("p")["digest"],
        host.client().status("p")["digest"]
    );
    run(&other.database(), &["check"]).good();
    other.client().push_files("p", &[("more", "x")]).good();
    run(&other.database(), &["check"]).good();
}

#[test]
fn a_project_with_files_takes_an_import_only_with_merge() {
    let host = Host::start();
    let tar = exported(&host);
    host.client()
        .push_files("q", &[("manifest.json", "older"), ("own", "x")])
        .good();
    let refusal = run(&host.database(), &["import", "q", argument(&tar)]).failed();
    assert!(refusal.contains("--merge"), "{refusal}");
    run(
        &host.database(),
        &["import", "--merge", "q", argument(&tar)],
    )
    .good();
    assert_eq!(host.client().status("q")["fileCount"], 4);
    let out = run(
        &host.database(),
        &["import", "--merge", "q", argument(&tar)],
    )
    .good();
    assert!(
        out.contains("Imported 0 files into q, 3 unchanged"),
        "{out}"
    );
    run(&host.database(), &["check"]).good();
}

#[test]
fn an_import_that_breaks_a_rule_stores_nothing() {
    let host = Host::start();
    let tar = exported(&host);
    let folder = unpacked(&tar);
    let list = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let repacked = |change: &dyn Fn(&Path)| {
        let folder = unpacked(&tar);
        change(folder.path());
        let bad = host.database().with_file_name("bad.tar");
        let mut command = Command::new("tar");
        command.arg("-cf").arg(&bad).arg("-C").arg(folder.path());
        assert!(
            command
                .args(["manifest.json", "files"])
                .status()
                .unwrap()
                .success()
        );
        run(&host.database(), &["import", "q", argument(&bad)]).failed()
    };
    let refusal =
        repacked(&|folder| std::fs::write(folder.join("files/manifest.json"), "[]").unwrap());
    assert!(refusal.contains("does not match its checksum"), "{refusal}");
    let refusal = repacked(&|folder| std::fs::write(folder.join("files/extra"), "x").unwrap());
    assert!(refusal.contains("is not in manifest.json"), "{refusal}");
    let refusal =
        repacked(&|folder| std::fs::remove_file(folder.join("files/manifest.json")).unwrap());
    assert!(refusal.contains("not in the tar file"), "{refusal}");
    let refusal = repacked(&|folder| {
        let hidden = list.replace("\"path\": \"manifest.json\"", "\"path\": \".hidden\"");
        std::fs::write(folder.join("manifest.json"), hidden).unwrap();
        std::fs::rename(
            folder.join("files/manifest.json"),
            folder.join("files/.hidden"),
        )
        .unwrap();
    });
    assert!(refusal.contains("must not begin with a dot"), "{refusal}");
    assert_eq!(host.client().status("q")["fileCount"], 0);
    run(&host.database(), &["check"]).good();
}

#[test]
fn an_import_takes_no_name_and_no_time_that_a_push_would_be_refused_for() {
    let host = Host::start();
    let folder = unpacked(&exported(&host));
    let index = folder.path().join("manifest.json");
    let good: Value = serde_json::from_slice(&std::fs::read(&index).unwrap()).unwrap();
    let import = |path: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        std::fs::write(&index, bad.to_string()).unwrap();
        let tar = host.database().with_file_name("bad.tar");
        let mut command = Command::new("tar");
        command.arg("-cf").arg(&tar).arg("-C").arg(folder.path());
        let packed = command.args(["manifest.json", "files"]).status();
        assert!(packed.unwrap().success());
        run(&host.database(), &["import", "q", argument(&tar)])
    };
    const LATEST: i64 = (1 << 53) - 1;
    for (path, value) in [
        ("/name", json!("n".repeat(257))),
        ("/git_repo", json!("g".repeat(2049))),
        ("/files/0/modified", json!(LATEST + 1)),
        ("/files/0/modified", json!(-LATEST - 1)),
        ("/files/0/modified", json!(i64::MIN)),
    ] {
        let refusal = import(path, value).failed();
        let field = path.rsplit('/').next().unwrap().replace("modified", "time");
        assert!(refusal.contains("nothing was imported") && refusal.contains(&field));
    }
    import("/files/0/modified", json!(-LATEST)).good();
    let summary = &host.client().get("/v1/projects").good()["projects"];
    assert_eq!(summary[1]["name"], "Notes");
}

#[test]
fn an_import_stores_nothing_outside_of_the_synced_folders() {
    let host = Host::start();
    let tar = exported(&host);
    let import = |folders: &str| {
        let mut import = command(&host.database(), &["import", "q", argument(&tar)]);
        finished(import.env("SYNC_FOLDERS", folders).output().unwrap())
    };
    let refusal = import("").failed();
    assert!(
        refusal.contains("manifest.json") && refusal.contains("SYNC_FOLDERS"),
        "{refusal}"
    );
    assert_eq!(host.client().status("q")["fileCount"], 0);
    import("*").good();
}

#[test]
fn an_import_follows_the_rule_for_names_that_some_system_cannot_hold() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("ideas/a", "x"), ("ideas/A", "x")])
        .good();
    let tar = host.database().with_file_name("p.tar");
    run(&host.database(), &["export", "p", argument(&tar)]).good();
    let import = |portable_paths: &str| {
        let mut import = command(&host.database(), &["import", "q", argument(&tar)]);
        finished(
            import
                .env("PORTABLE_PATHS", portable_paths)
                .output()
                .unwrap(),
        )
    };
    let refusal = import("refuse").failed();
    assert!(refusal.contains("is the same as 'ideas/A'"), "{refusal}");
    assert_eq!(client.status("q")["fileCount"], 0);
    import("report").good();
    assert_eq!(client.status("q")["unportable"], 2);
    run(&host.database(), &["check"]).good();
}

#[test]
fn an_import_stores_no_file_that_the_server_could_not_hand_out() {
    let host = Host::start();
    let tar = exported(&host);
    let mut import = command(&host.database(), &["import", "q", argument(&tar)]);
    import.env("MAX_FILE_SIZE", "104857601");
    let refusal = finished(import.output().unwrap());
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    assert!(refusal.err.contains("MAX_FILE_SIZE must be"), "{refusal:?}");
}

#[test]
fn a_project_that_does_not_exist_is_not_exported() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let tar = host.database().with_file_name("x.tar");
    let refusal = run(&host.database(), &["export", "nobody", argument(&tar)]).failed();
    assert!(
        refusal.contains("there is no project \"nobody\""),
        "{refusal}"
    );
    assert!(!tar.exists());
}

/// Writes the head of a member with a name of 2 GiB, which takes no space on the disk.
fn endless_name(file: &Path, kind: u8) {
    let mut head = [0; 512];
    head[..13].copy_from_slice(b"././@LongLink");
    head[124..135].copy_from_slice(b"20000000000");
    head[156] = kind;
    head[257..265].copy_from_slice(b"ustar  \0");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    std::fs::write(file, head).unwrap();
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len((2 << 30) + 2048).unwrap();
}

#[test]
fn a_name_of_two_gigabytes_is_refused_without_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let (tar, database) = (folder.path().join("x.tar"), folder.path().join("sync.db"));
    for kind in *b"LKx" {
        endless_name(&tar, kind);
        let import = command(&database, &["import", "p", argument(&tar)]);
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -v 500000; exec \"$0\" \"$@\""]);
        limited.arg(import.get_program()).args(import.get_args());
        limited.env("DB_PATH", &database).current_dir(root());
        let refusal = finished(limited.output().unwrap()).failed();
        assert!(refusal.contains("is not a tar file that"), "{refusal}");
        assert_eq!(refusal.lines().count(), 1);
    }
}

#[test]
fn a_terminal_obeys_no_name_in_a_tar_file() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("x.tar");
    run(&host.database(), &["export", "p", argument(&tar)]).good();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    let name = "files/\u{1b}[2J\u{7}";
    std::fs::write(folder.path().join(name), "x").unwrap();
    let append = Command::new("tar")
        .current_dir(folder.path())
        .args(["rf", "x.tar", name])
        .status();
    assert!(append.unwrap().success());
    let refusal = run(&host.database(), &["import", "q", argument(&tar)]).failed();
    assert!(
        refusal.contains(r"\u{1b}[2J\u{7}: is not in manifest.json"),
        "{refusal:?}"
    );
    assert!(!refusal.contains(['\u{1b}', '\u{7}']), "{refusal:?}");
}

#[test]
fn a_file_that_is_no_tar_file_is_not_printed() {
    let host = Host::start();
    let notes = host.database().with_file_name("notes.md");
    for content in ["\u{1b}[2J\u{7} a note ".repeat(100), "short".to_owned()] {
        std::fs::write(&notes, content).unwrap();
        let refusal = run(&host.database(), &["import", "q", argument(&notes)]).failed();
        let said = format!(
            "kamiflow-sync: {} is not a tar file that 'kamiflow-sync export' wrote, or it is damaged: export the project again\n",
            notes.display()
        );
        assert_eq!(refusal, said);
    }
}
