//! What `deploy/systemd` installs, and that it can be installed again.

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{finished, root};

use crate::has_tools;
use crate::machine::{Kind, Machine, image_at, install};

const SETTINGS: &str = "etc/kamiflow-sync.env";

fn read(machine: &Path, file: &str) -> String {
    fs::read_to_string(machine.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn installing_again_keeps_the_settings_and_the_program_from_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (machine, image) = (folder.path(), folder.path().join("image"));
    image_at(&image);
    install(&image, machine);
    let settings = read(machine, SETTINGS);
    let key = settings
        .lines()
        .find_map(|line| line.strip_prefix("API_KEY="));
    assert_eq!(key.map(str::len), Some(64), "{settings}");
    install(&image, machine);
    assert!(!machine.join("opt/kamiflow-sync.before").exists());
    let unit = "etc/systemd/system/kamiflow-sync.service";
    fs::write(machine.join(unit), "older").expect("a unit of the release before");
    fs::write(image.join("app/spin.toml"), "newer").expect("a newer release");
    install(&image, machine);
    install(&image, machine);
    assert_eq!(read(machine, "opt/kamiflow-sync/spin.toml"), "newer");
    let before = read(machine, "opt/kamiflow-sync.before/spin.toml");
    assert_eq!(before, read(root(), "spin.toml"));
    let unit_before = "opt/kamiflow-sync.before/units/kamiflow-sync.service";
    assert_eq!(read(machine, unit_before), "older");
    assert_ne!(read(machine, unit), "older");
    assert_eq!(read(machine, SETTINGS), settings);
}

#[test]
fn a_folder_without_a_program_installs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let machine = folder.path().join("machine");
    let mut install = Command::new(root().join("deploy/systemd/install"));
    let install = install.arg(folder.path()).env("DESTDIR", &machine);
    let said = finished(install.output().expect("it runs")).failed();
    assert!(said.contains("deploy/assemble"), "{said}");
    assert!(!machine.exists());
}

#[test]
fn an_upgrade_from_2_0_0_keeps_the_key_and_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let (machine, image) = (folder.path(), folder.path().join("image"));
    image_at(&image);
    let made = machine.join("var/lib/kamiflow-sync/api-key");
    fs::create_dir_all(made.parent().expect("a folder")).expect("a folder");
    fs::write(&made, "0123456789abcdef\n").expect("a key");
    install(&image, machine);
    assert!(read(machine, SETTINGS).contains("\nAPI_KEY=0123456789abcdef\n"));
    assert!(!made.exists(), "the key is in one place");
    fs::write(machine.join(SETTINGS), "LOG_LEVEL=warn").expect("settings");
    install(&image, machine);
    let settings = "LOG_LEVEL=warn\nDB_PATH=/var/lib/kamiflow-sync/kamiflow-sync.db\n";
    assert_eq!(read(machine, SETTINGS), settings);
}

/// The value as systemd reads a line of settings: an unquoted backslash takes the character after it, and a quote
/// at the beginning ends with the next one.
fn read_by_systemd(value: &str) -> String {
    let quote = value.chars().next().filter(|first| "'\"".contains(*first));
    let mut chars = value.chars().skip(usize::from(quote.is_some()));
    let mut read = String::new();
    while let Some(next) = chars.next().filter(|next| Some(*next) != quote) {
        match next {
            '\\' if quote != Some('\'') => read.extend(chars.next()),
            next => read.push(next),
        }
    }
    read
}

#[test]
fn a_key_that_somebody_chose_is_moved_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let (machine, image) = (folder.path(), folder.path().join("image"));
    image_at(&image);
    let made = machine.join("var/lib/kamiflow-sync/api-key");
    fs::create_dir_all(made.parent().expect("a folder")).expect("a folder");
    for key in [
        "horse&battery&staple&correct",
        "qL/8f3h+0pUu8Yd1yq0mB6m2m0m1m4m5m6m7m8m9m0M=",
        r"back\slash\1\n\and&more",
        r#"'quoted-"$HOME"-`id`"#,
        r#""quoted-it's-$HOME-\`id`"#,
        "|#;,%s*?~!-$1-${x}-$(id)",
        "chìa-khóa-dài-đủ",
    ] {
        fs::write(&made, format!("{key}\n")).expect("a key");
        install(&image, machine);
        let settings = read(machine, SETTINGS);
        let mut lines = settings.lines();
        let value = lines.find_map(|line| line.strip_prefix("API_KEY="));
        assert_eq!(read_by_systemd(value.expect("a key")), key);
        let shipped = read(root(), "deploy/systemd/kamiflow-sync.env");
        assert_eq!(settings.lines().count(), shipped.lines().count());
        assert!(settings.ends_with("TRUSTED_PROXIES=127.0.0.1,::1\n"));
        assert!(!made.exists(), "the key is in one place");
        fs::remove_file(machine.join(SETTINGS)).expect("settings");
    }
}

#[test]
fn a_key_that_cannot_be_moved_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (machine, image) = (folder.path(), folder.path().join("image"));
    image_at(&image);
    let made = machine.join("var/lib/kamiflow-sync/api-key");
    fs::create_dir_all(made.parent().expect("a folder")).expect("a folder");
    fs::write(&made, "horse-battery-staple\n").expect("a key");
    // In the way of the settings.
    fs::create_dir_all(machine.join("etc/kamiflow-sync.env.new")).expect("a folder");
    let mut install = Command::new(root().join("deploy/systemd/install"));
    let install = install.arg(&image).env("DESTDIR", machine);
    assert!(!install.status().expect("it runs").success());
    assert!(!machine.join(SETTINGS).exists());
    assert_eq!(
        fs::read_to_string(&made).expect("the key"),
        "horse-battery-staple\n"
    );
}

#[test]
fn every_unit_reads_where_the_data_is_from_the_settings() {
    for unit in ["kamiflow-sync.service", "kamiflow-sync-backup.service"] {
        let text = read(&root().join("deploy/systemd"), unit);
        let settings = "\nEnvironmentFile=/etc/kamiflow-sync.env\n";
        assert!(text.contains(settings), "{unit} does not read it");
        assert!(!text.contains("DB_PATH="), "{unit} says it itself");
    }
}

#[test]
fn a_command_for_another_database_leaves_the_one_in_the_settings_alone() {
    if !has_tools() {
        return;
    }
    let machine = Machine::start(Kind::Systemd);
    let trial = "DB_PATH=$PWD/trial.db kamiflow-sync";
    machine.run(&format!("{trial} restore $PWD/last.db && {trial} check"));
    let kept = machine.run("ls /var/lib/kamiflow-sync");
    assert!(!kept.contains("before-restore"), "{kept}");
    assert_eq!(machine.content(), "hello");
}
