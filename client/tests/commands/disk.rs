//! Disks and folders of the program that take no file.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use support::{Finished, Host, Process, finished};

use crate::watch::watching;
use crate::{Device, eventually};

/// Any user but root.
const USER: u32 = 4321;

/// The device of a user who is not root, with a program that this user can run.
struct Mortal(Device);

impl Mortal {
    /// `None`, which is said, unless root runs the tests.
    fn linked(host: &Host) -> Option<Self> {
        let device = Device::linked("phone", host);
        if device.root().metadata().unwrap().uid() != 0 {
            eprintln!("NOT TESTED: only root can run the program as another user");
            return None;
        }
        let program = [env!("CARGO_BIN_EXE_kamisync").as_ref(), device.root()];
        let installed = Command::new("install").args(program).status();
        assert!(installed.unwrap().success());
        let mortal = Self(device);
        mortal.own(mortal.0.root());
        Some(mortal)
    }

    /// Gives a folder with all in it to the user.
    fn own(&self, folder: &Path) {
        chown(folder, Some(USER), Some(USER)).unwrap();
        for entry in folder.read_dir().into_iter().flatten() {
            let place = entry.unwrap().path();
            if place.is_dir() {
                self.own(&place)
            } else {
                chown(&place, Some(USER), Some(USER)).unwrap()
            }
        }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        finished(self.command(arguments).output().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let like = self.0.command(arguments);
        let mut command = Command::new(self.0.root().join("kamisync"));
        let set = like
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.args(arguments).env_clear().envs(set);
        command.current_dir(self.0.root()).uid(USER).gid(USER);
        command
    }
}

#[test]
fn a_trash_that_takes_nothing_keeps_back_what_it_is_for_and_nothing_else() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    for path in ["ideas/gone.md", "ideas/edited.md", "ideas/same.md"] {
        laptop.write(path, "before");
    }
    laptop.run(&["sync"]).good();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    phone.run(&["sync"]).good();
    // As after one round with sudo.
    for folder in ["trash/2020-01-01/ideas", "replaced"] {
        fs::create_dir_all(phone.0.place(".sync").join(folder)).unwrap();
    }
    phone.0.write(".sync/trash/2020-01-01/ideas/old.md", "old");
    let days: Vec<String> = (1..32).map(|day| format!("2020-01-{day:02}")).collect();
    phone.0.write(".sync/kamisync.days", &days.join("\n"));
    phone
        .0
        .write("ideas/.kamisync-1-2-3.tmp", "of a killed round");
    fs::remove_file(laptop.place("ideas/gone.md")).unwrap();
    laptop.write("ideas/edited.md", "after");
    laptop.write("ideas/new.md", "new");
    laptop.run(&["sync"]).good();
    for round in 0..3 {
        let said = phone.run(&["sync"]).good();
        for kept in [
            ["ideas/gone.md", "/.kamiflow/.sync/trash"],
            ["ideas/edited.md", "/.kamiflow/.sync/replaced"],
            ["ideas/.kamisync-1-2-3.tmp", "/.kamiflow/.sync/trash"],
        ] {
            let is_told = said.lines().any(|line| {
                line.starts_with("skipped: ") && kept.iter().all(|text| line.contains(text))
            });
            assert!(is_told, "round {round}: {kept:?} in {said}");
        }
        let texts = ["gone", "edited", "new"].map(|name| phone.0.read(&format!("ideas/{name}.md")));
        let expected = ["before", "before", "new"].map(|text| Some(text.to_owned()));
        assert_eq!(texts, expected, "round {round}");
        assert_eq!(phone.0.place("ideas").read_dir().unwrap().count(), 5);
    }
    phone.own(&phone.0.place(".sync"));
    let said = phone.run(&["sync"]).good();
    assert!(said.ends_with("1 downloaded, 1 deleted here.\n"), "{said}");
    assert_eq!(phone.0.read("ideas/edited.md").as_deref(), Some("after"));
    assert_eq!(phone.0.place("ideas").read_dir().unwrap().count(), 3);
    assert!(!phone.0.place(".sync/trash/2020-01-01").exists());
}

#[test]
fn a_leftover_in_a_folder_that_cannot_be_written_is_not_blamed_on_the_trash() {
    let host = Host::start();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    phone.run(&["sync"]).good();
    phone
        .0
        .write("ideas/.kamisync-1-2-3.tmp", "of a killed round");
    let said = phone.run(&["sync"]).good();
    let reason = "skipped: ideas/.kamisync-1-2-3.tmp: there is no permission to write it\n";
    assert!(said.contains(reason), "{said}");
}

#[test]
fn a_change_that_waits_outlives_a_touch_of_its_file() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/gone.md", "before");
    laptop.run(&["sync"]).good();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    phone.run(&["sync"]).good();
    fs::create_dir(phone.0.place(".sync/trash")).unwrap();
    fs::remove_file(laptop.place("ideas/gone.md")).unwrap();
    laptop.run(&["sync"]).good();
    let said = phone.run(&["sync"]).good();
    assert!(said.contains("skipped: ideas/gone.md"), "{said}");
    let file = fs::File::open(phone.0.place("ideas/gone.md")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let said = phone.run(&["sync"]).good();
    assert!(said.contains("skipped: ideas/gone.md"), "{said}");
    phone.own(&phone.0.place(".sync"));
    let said = phone.run(&["sync"]).good();
    assert!(said.contains("deleted here: ideas/gone.md"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_read_is_named_and_keeps_nothing_else_back() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    for path in [
        "ideas/closed/a.md",
        "ideas/closed/b.md",
        "ideas/c.md",
        "tasks/d.md",
    ] {
        laptop.write(path, "before");
    }
    laptop.run(&["sync"]).good();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    phone.run(&["sync"]).good();
    phone.own(phone.0.root());
    laptop.write("ideas/closed/a.md", "after");
    fs::remove_file(laptop.place("ideas/closed/b.md")).unwrap();
    laptop.write("ideas/c.md", "after");
    laptop.run(&["sync"]).good();
    for (number, closed) in ["ideas/closed", "tasks"].into_iter().enumerate() {
        let mode =
            |mode| fs::set_permissions(phone.0.place(closed), PermissionsExt::from_mode(mode));
        mode(0o000).unwrap();
        phone.0.write(&format!("ideas/{number}.md"), "new");
        phone.own(&phone.0.place("ideas"));
        let status = phone.run(&["status"]);
        let said = phone.run(&["sync"]);
        for said in [&status, &said] {
            assert_eq!(said.code, Some(1), "{said:?}");
            let is_named = said
                .out
                .contains(&format!("skipped: {closed}: it cannot be read\n"));
            assert!(is_named && said.err.contains(closed), "{said:?}");
            assert!(
                said.out.contains(&format!("uploaded: ideas/{number}.md")),
                "{said:?}"
            );
            assert!(!said.out.contains("deleted on the server"), "{said:?}");
        }
        mode(0o700).unwrap();
    }
    assert_eq!(phone.0.read("ideas/c.md").as_deref(), Some("after"));
    phone.run(&["sync"]).good();
    assert_eq!(phone.0.read("ideas/closed/a.md").as_deref(), Some("after"));
    assert_eq!(phone.0.read("ideas/closed/b.md"), None);
    assert_eq!(host.client().status("p")["fileCount"], 5);
    laptop.run(&["sync"]).good();
    assert_eq!(laptop.run(&["status"]).good(), "In sync.\n");
}

#[test]
fn a_watch_hears_of_saves_beside_a_folder_that_cannot_be_read_and_in_it_when_it_can() {
    let host = Host::start();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    for path in ["ideas/a/closed/a.md", "ideas/b/c/b.md"] {
        phone.0.write(path, "before");
    }
    phone.own(phone.0.root());
    let closed = phone.0.place("ideas/a/closed");
    let mode = |mode| fs::set_permissions(&closed, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o000);
    let mut watch = phone.command(&["watch"]);
    let mut watch = Process::start(watch.stdout(Stdio::null()).stderr(Stdio::piped()));
    let count = || host.client().status("p")["fileCount"].as_u64();
    eventually("the other file is up", || count() == Some(1));
    // Without a word of the system, it looks every ten seconds.
    for number in 2..5 {
        phone.0.write(&format!("ideas/b/c/{number}.md"), "new");
        let began = Instant::now();
        eventually("a new file is up", || count() == Some(number));
        assert!(began.elapsed() < Duration::from_secs(8));
    }
    mode(0o700);
    eventually("what was closed is up", || count() == Some(5));
    sleep(Duration::from_secs(1));
    phone.0.write("ideas/a/closed/b.md", "new");
    eventually("a new file in it is up", || count() == Some(6));
    watch.kill().unwrap();
    let mut said = String::new();
    watch
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(
        !said.contains("Cannot watch") && said.contains("ideas/a/closed is skipped"),
        "{said}"
    );
}

/// A small disk in the place of a folder.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a note, where mounting is not permitted.
    fn at(place: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&place).unwrap();
        if !mount(&format!("size={size}"), &place) {
            eprintln!("NOT TESTED: a full disk needs the right to mount a tmpfs");
            return None;
        }
        Some(Self(place))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(options: &str, at: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at);
    mount.output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_file_that_is_too_large_for_the_disk_keeps_nothing_else_back() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    laptop.write("ideas/a.md", "small");
    laptop.write("ideas/large.md", &"large ".repeat(100_000));
    laptop.write("ideas/z.md", "small");
    laptop.run(&["sync"]).good();
    let phone = Device::linked("phone", &host);
    let Some(disk) = SmallDisk::at(phone.place("ideas"), "64k") else {
        return;
    };
    for down in ["2 downloaded, 1 skipped.\n", "1 skipped.\n"] {
        let said = phone.run(&["sync"]).good();
        let reason = "skipped: ideas/large.md: its disk has no room for it\n";
        assert!(said.contains(reason) && said.ends_with(down), "{said}");
        assert_eq!(phone.place("ideas").read_dir().unwrap().count(), 2);
    }
    assert!(mount("remount,size=2m", &disk.0));
    let said = phone.run(&["sync"]).good();
    assert_eq!(said, "downloaded: ideas/large.md\n1 downloaded.\n");
}

#[test]
fn files_of_a_disk_below_a_category_that_is_away_are_asked_about() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let Some(disk) = SmallDisk::at(laptop.place("ideas/a/disk"), "1m") else {
        return;
    };
    for number in 0..8 {
        laptop.write(&format!("ideas/{number}.md"), &format!("{number}"));
        laptop.write(&format!("ideas/a/disk/{number}.md"), &format!("a {number}"));
    }
    laptop.run(&["sync"]).good();
    fs::remove_file(laptop.place("ideas/a/disk/0.md")).unwrap();
    let said = laptop.run(&["sync"]).good();
    assert!(said.ends_with("1 deleted on the server.\n"), "{said}");
    drop(disk);
    for _ in 0..2 {
        let asked = laptop.run(&["sync"]);
        assert_eq!(asked.code, Some(5), "{asked:?}");
        assert!(asked.err.contains("ideas/a/disk, which is on another disk"));
    }
    fs::remove_dir(laptop.place("ideas/a/disk")).unwrap();
    assert_eq!(laptop.run(&["sync"]).code, Some(5));
    let said = laptop.run(&["sync", "--accept-deletions"]).good();
    assert!(said.ends_with("7 deleted on the server.\n"), "{said}");
}

#[test]
fn each_disk_that_is_away_is_asked_about() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let disks = ["ideas/a", "ideas/b"].map(|path| SmallDisk::at(laptop.place(path), "1m"));
    if disks.iter().any(Option::is_none) {
        return;
    }
    for number in 0..8 {
        for folder in ["ideas", "ideas/a", "ideas/b"] {
            let path = format!("{folder}/{number}.md");
            laptop.write(&path, &path);
        }
    }
    laptop.run(&["sync"]).good();
    drop(disks);
    assert!(laptop.run(&["sync"]).err.contains(".kamiflow/ideas/a,"));
    let asked = laptop.run(&["sync", "--accept-deletions"]);
    assert!(asked.err.contains(".kamiflow/ideas/b,"), "{asked:?}");
    assert_eq!(host.client().status("p")["fileCount"], 24);
    // A watch may ask meanwhile.
    assert_eq!(laptop.run(&["sync"]).code, Some(5));
    let said = laptop.run(&["sync", "--accept-deletions"]).good();
    assert!(said.ends_with("16 deleted on the server.\n"), "{said}");
}

#[test]
fn locks_of_another_user_do_not_block_a_folder() {
    let host = Host::start();
    let Some(phone) = Mortal::linked(&host) else {
        return;
    };
    phone.run(&["sync"]).good();
    // As after one round with sudo.
    for name in ["kamisync.lock", "kamisync.round.lock"] {
        chown(phone.0.place(".sync").join(name), Some(0), Some(0)).unwrap();
    }
    assert_eq!(phone.run(&["sync"]).good(), "In sync.\n");
    let watch = watching(&phone.0);
    let holder = || phone.0.read(".sync/kamisync.lock");
    eventually("root watches", || holder() == Some(watch.id().to_string()));
    assert_eq!(phone.run(&["sync"]).code, Some(6));
}
