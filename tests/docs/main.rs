//! Runs the shell blocks of the pages, in the order of each page.
//!
//! A block that needs root, a container engine, the network or another machine is marked with
//! `sh ignore-in-test`, of which GitHub takes the first word for the language.
//!
//! Without the tools that the blocks use there is nothing to run.

mod block;
mod install;
mod link;
mod machine;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Finished, Host, KEY, finished, is_installed, root};

use block::{Block, blocks, pages};
use machine::{Kind, Machine};

/// The pages that have blocks to run.
const RUN: [&str; 3] = [
    "README.md",
    "docs/self-hosting/operating.md",
    "docs/self-hosting/trouble.md",
];

/// The shell blocks of a page that are not marked.
fn to_run(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(page)).expect("a page");
    let mut blocks = blocks(page, &text);
    blocks.retain(|block| block.info == "sh");
    assert!(!blocks.is_empty(), "{page} has no block to run");
    blocks
}

/// Whether everything is installed that the blocks use.
fn has_tools() -> bool {
    ["bash", "curl", "jq", "openssl"]
        .into_iter()
        .all(is_installed)
}

fn shell(folder: &Path, script: &str) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder);
    shell
}

/// Runs a block and requires success.
fn good(block: &Block, mut command: Command) -> String {
    let Finished { code, out, err } = finished(command.output().expect("bash runs"));
    assert_eq!(code, Some(0), "{block}\n{}\n{out}\n{err}", block.text);
    out
}

#[test]
fn every_shell_block_is_run_or_marked() {
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).expect("a page");
        for block in blocks(&page, &text) {
            let language = block.info.split(' ').next();
            let is_shell = matches!(language, Some("sh" | "bash" | "shell" | "console"));
            let allowed = match block.info.as_str() {
                "sh" => RUN.contains(&page.as_str()),
                "sh ignore-in-test" => true,
                _ => !is_shell,
            };
            assert!(allowed, "{block} is ```{}", block.info);
        }
    }
}

#[test]
fn the_blocks_of_the_readme_do_what_they_say() {
    if !has_tools() {
        return;
    }
    // The folders that are synced by default.
    let host = Host::with(&[("SYNC_FOLDERS", "")]);
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    fs::write(folder.path().join("data/api-key"), format!("{KEY}\n")).expect("a key");
    let mut out = String::new();
    for block in to_run("README.md") {
        let script = block.text.replace("http://127.0.0.1:3000", &host.url);
        out += &good(&block, shell(folder.path(), &script));
    }
    for said in [
        "\"synced\":1",
        "\"code\":\"conflict\"",
        "Go to Huế.",
        "dry_run",
    ] {
        assert!(out.contains(said), "{said}: {out}");
    }
    // curl succeeds whatever the answer is, so the log says what it was.
    let (_, log, _) = host.stop();
    let failed = log.matches("\"status\":4").count() + log.matches("\"status\":5").count();
    assert_eq!(failed, 1, "the conflict alone fails: {log}");
}

#[test]
fn the_commands_of_the_guide_work_with_systemd() {
    follow_the_guide(Kind::Systemd);
}

#[test]
fn the_commands_of_the_guide_work_with_a_container() {
    follow_the_guide(Kind::Container);
}

fn follow_the_guide(kind: Kind) {
    if !has_tools() {
        return;
    }
    let machine = Machine::start(kind);
    let pages = ["operating.md", "trouble.md"].map(|page| format!("docs/self-hosting/{page}"));
    for block in pages.iter().flat_map(|page| to_run(page)) {
        if Kind::of(&block) == kind {
            good(&block, machine.paste(&block));
        }
    }
    assert_eq!(machine.content(), "hello");
}
