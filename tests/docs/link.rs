//! Links between pages, and names of source files: both lead somewhere.

use std::fs;

use support::root;

use crate::block::pages;

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The lines of a page that are not inside a block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.replace(' ', "-");
    kept.chars()
        .filter(|character| character.is_alphanumeric() || "-_".contains(*character))
        .collect()
}

fn has_anchor(page: &str, wanted: &str) -> bool {
    // A picture has no headings.
    if wanted.is_empty() {
        return true;
    }
    let text = read(page);
    let mut headings = prose(&text).filter(|line| line.starts_with('#'));
    headings.any(|heading| anchor(heading) == wanted)
}

/// The targets of the links of a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_to_a_page_leads_to_a_heading_that_exists() {
    let mut found = 0;
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page);
        let local = |link: &&str| !link.contains("://");
        for link in prose(&text).flat_map(links).filter(local) {
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => folder.clone(),
                file => folder.with_file_name(file),
            };
            assert!(target.exists(), "{page} links to {link}");
            let target = target.to_str().expect("UTF-8");
            assert!(has_anchor(target, wanted), "{page} links to {link}");
            found += 1;
        }
    }
    assert!(found > 50, "{found} links");
}

#[test]
fn every_source_file_that_a_page_names_exists() {
    let folders =
        ["", "src", "src/bin/kamiflow-sync", "client/src"].map(|folder| root().join(folder));
    let mut found = 0;
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/benchmarks.md",
    ] {
        let text = read(page);
        let names = prose(&text).flat_map(|line| line.split('`').skip(1).step_by(2));
        for name in names.filter(|name| name.ends_with(".rs") || name.ends_with(".sql")) {
            let exists = folders.iter().any(|folder| folder.join(name).is_file());
            assert!(exists, "{page} names {name}");
            found += 1;
        }
    }
    assert!(found > 30, "{found} names");
}
