//! The structure of the source: no circle between modules, arrows that point inward, SQL in one place.
//! It reads the source and compiles nothing of the server.

mod arrows;
mod layers;
mod modules;
mod paths;
mod seam;
mod source;

use modules::{File, Program};
use std::fs;
use support::root;

/// The library, the programs, the client and the benchmark.
fn programs() -> Vec<Program> {
    let mut folders = vec!["src".to_owned(), "client/src".to_owned()];
    for parent in ["src/bin", "benches"] {
        for entry in fs::read_dir(root().join(parent)).expect("a folder") {
            let path = entry.expect("an entry").path();
            // `benches/peers` has scripts.
            if path.join("main.rs").is_file() {
                let folder = path.strip_prefix(root()).expect("inside the root");
                folders.push(folder.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    folders
        .iter()
        .map(|folder| Program::read(root(), folder))
        .collect()
}

fn none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn no_modules_need_each_other() {
    let programs = programs();
    assert!(programs.len() >= 4 && programs.iter().all(|program| program.files.len() > 10));
    none(
        &programs
            .iter()
            .flat_map(arrows::circles)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_arrow_of_the_library_points_inward() {
    none(&layers::violations(&Program::read(root(), "src")));
}

#[test]
fn only_the_store_knows_our_tables() {
    let schema = fs::read_to_string(root().join("src/store/schema.sql")).expect("the schema");
    let tables = seam::tables(&schema);
    assert!(tables.len() >= 5, "{tables:?}");
    let programs = programs();
    none(
        &programs
            .iter()
            .flat_map(|program| seam::violations(program, &tables))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_module_for_tests_alone_has_a_name_that_says_so() {
    let programs = programs();
    let files = programs.iter().flat_map(|program| program.files.values());
    let named: Vec<_> = files.flat_map(test_modules).collect();
    assert!(named.len() >= 5, "{named:?}");
    let says_so =
        |name: &str| ["tests", "test_support"].contains(&name) || name.ends_with("_tests");
    let others = named.into_iter().filter(|name| !says_so(name));
    none(&others.collect::<Vec<_>>());
}

/// The names of the files that a file includes for tests alone.
fn test_modules(file: &File) -> Vec<String> {
    let text = fs::read_to_string(root().join(&file.name)).expect("a source file");
    let items = text.split("#[cfg(test)]\n").skip(1);
    let declared = items.filter_map(|item| item.lines().next()?.strip_suffix(';'));
    let name = |line: &str| Some(line.split_once("mod ")?.1.to_owned());
    declared.filter_map(name).collect()
}
