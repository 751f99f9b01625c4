//! The real KamiFlow CLI in the same folder.
//!
//! Skipped unless `KAMIFLOW_CLI` names its package with its dependencies, as CONTRIBUTING.md says.

use std::path::PathBuf;
use std::process::Command;

use support::{Host, KEY};

use crate::device::{Device, settle};

/// The CLI of this machine, and a note when there is none.
fn cli() -> Option<PathBuf> {
    let package = std::env::var_os("KAMIFLOW_CLI").map(PathBuf::from);
    if package.is_none() {
        eprintln!("skipped: KAMIFLOW_CLI does not name the CLI");
    }
    Some(package?.join("bin/kami.js"))
}

/// Runs `kami sync-db` in the folder of a device.
fn kami(cli: &PathBuf, device: &Device, command: &str) {
    let output = Command::new("node")
        .arg(cli)
        .args(["sync-db", command])
        .current_dir(device.root())
        .env("HOME", device.root())
        .env("KAMIFLOW_SYNC_API_KEY", KEY)
        .output()
        .expect("node runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && !text.contains("failed"),
        "{text}"
    );
}

#[test]
fn both_work_in_one_folder_without_loss_and_without_end() {
    let Some(cli) = cli() else { return };
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    let settings = format!(
        r#"{{"sync": {{"enabled": true, "backend": "{}", "projectId": "p"}}}}"#,
        host.url
    );
    a.settings(&settings);

    // What the CLI pushes is on the other device, and is no edit here.
    a.write("ideas/by cli.md", "one\n");
    kami(&cli, &a, "push");
    assert_eq!(b.sync().downloaded.len(), 1);
    assert!(a.sync().is_in_step());

    // What this program took, the CLI pushes again, which changes nothing.
    b.write("ideas/by cli.md", "one\ntwo\n");
    b.write("tasks/of b.md", "b\n");
    b.sync();
    a.sync();
    kami(&cli, &a, "push");
    assert!(b.sync().is_in_step() && a.sync().is_in_step());

    // What the CLI pulled is no edit here, even if the server has a newer version by then.
    b.write("tasks/of b.md", "b, second\n");
    b.sync();
    kami(&cli, &a, "pull");
    b.write("tasks/of b.md", "b, third\n");
    b.sync();
    let report = a.sync();
    assert!(
        report.conflicts.is_empty() && report.merged.is_empty(),
        "{report:?}"
    );
    assert_eq!(a.read("tasks/of b.md").as_deref(), Some("b, third\n"));

    // What others delete does not come back.
    b.delete("ideas/by cli.md");
    b.sync();
    assert!(a.sync().deleted_here.contains("ideas/by cli.md"));
    kami(&cli, &a, "pull");
    kami(&cli, &a, "push");
    assert!(b.sync().is_in_step());

    // An edit that the CLI pushes over a newer one is no loss: both are in the history.
    a.write("tasks/of b.md", "edit of a\n");
    b.write("tasks/of b.md", "edit of b\n");
    b.sync();
    kami(&cli, &a, "push");
    let files = settle(&[&a, &b]);
    assert_eq!(files.len(), 1);
    let versions = host.client().history("p", "tasks/of b.md");
    assert_eq!(versions.len(), 5);
}
