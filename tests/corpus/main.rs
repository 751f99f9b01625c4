//! The inputs that fuzzing kept, given to the same functions again; see `fuzz/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::TARGETS;

fn corpus() -> PathBuf {
    support::root().join("fuzz/corpus")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("a name").file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().expect("text"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_kept_input_passes() {
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        let kept = names(&folder);
        assert!(kept.len() >= 10, "{name} has only {} inputs", kept.len());
        for file in kept {
            println!("{name}/{file}");
            target(&fs::read(folder.join(file)).expect("an input"));
        }
    }
}

#[test]
fn every_target_is_fuzzed_under_its_name() {
    let mut targets: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    assert_eq!(names(&corpus()), targets);
    let binaries = targets.iter().map(|name| format!("{name}.rs"));
    let folder = support::root().join("fuzz/fuzz_targets");
    assert_eq!(names(&folder), binaries.collect::<Vec<_>>());
}
