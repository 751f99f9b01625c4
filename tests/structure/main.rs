//! The structure of the source: no circle between modules, arrows that point inward, SQL in one place.
//! It reads the source and compiles nothing of the server.

mod arrows;
mod layers;
mod modules;
mod paths;
mod seam;
mod source;

use modules::Program;
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
