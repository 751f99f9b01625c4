//! Every test that `docs/promises.md` names exists.

use std::fs;

fn source(file: &str) -> String {
    let path = support::root().join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Whether this function follows an attribute that makes it a test.
fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let mut lines = source.lines().map(str::trim).scan("", |before, line| {
        Some((std::mem::replace(before, line), line))
    });
    lines.any(|(before, line)| {
        let is_test = before == "#[test]" || before.starts_with("#[tokio::test");
        is_test && line.trim_start_matches("async ").starts_with(&head)
    })
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = source("docs/promises.md");
    let rows = promises.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows
        .filter(|row| !row.starts_with("| Promise ") && !row.starts_with("| --- "))
        .collect();
    assert!(rows.len() >= 50, "{} promises", rows.len());
    for row in rows {
        let mut tests = row
            .split('`')
            .filter(|part| part.contains(".rs::"))
            .peekable();
        assert!(tests.peek().is_some(), "a promise without a test: {row}");
        for test in tests {
            let (file, name) = test.split_once("::").expect("a file and a name");
            assert!(has_test(&source(file), name), "there is no test {test}");
        }
    }
}
