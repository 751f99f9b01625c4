//! What a round did, for people.

use std::fmt::Write;

use crate::report::{ConflictCopy, Report};

/// So many paths of one kind are listed; of more, only the number is reported.
const LISTED: usize = 20;

/// One line for each path, and one for all.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    if let Some(question) = &report.question {
        _ = writeln!(text, "question: {question}");
    }
    for (what, paths) in report.kinds() {
        list(&mut text, what, paths.iter().cloned());
    }
    let conflicts = report.conflicts.iter();
    list(&mut text, "conflict", conflicts.map(conflict));
    let left = report.left.iter();
    list(
        &mut text,
        "skipped",
        left.map(|left| format!("{}: {}", left.path, left.reason)),
    );
    text + &line(report)
}

/// A conflict, whose copy is not written yet when a round is only previewed.
fn conflict(conflict: &ConflictCopy) -> String {
    match &*conflict.copy {
        "" => format!("{} was edited on both sides", conflict.path),
        copy if conflict.is_local => format!(
            "{}: your text is in {copy}, which your patterns leave on this device alone",
            conflict.path
        ),
        copy => format!("{}: your text is in {copy}", conflict.path),
    }
}

/// All in one line.
pub fn line(report: &Report) -> String {
    let kinds = report.kinds().map(|(what, paths)| (what, paths.len()));
    let others = [
        ("in conflict", report.conflicts.len()),
        ("skipped", report.left.len()),
    ];
    let counts = kinds
        .into_iter()
        .chain(others)
        .filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() {
        "In sync.".to_owned()
    } else {
        format!("{}.", counts.join(", "))
    }
}

fn list(text: &mut String, what: &str, mut lines: impl ExactSizeIterator<Item = String>) {
    for line in lines.by_ref().take(LISTED) {
        _ = writeln!(text, "{what}: {line}");
    }
    if lines.len() > 0 {
        _ = writeln!(text, "{what}: {} more", lines.len());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::Left;

    #[test]
    fn nothing_to_do_is_in_step() {
        assert_eq!(text(&Report::default()), "In sync.");
    }

    #[test]
    fn each_path_is_told_with_what_became_of_it() {
        let report = Report {
            uploaded: BTreeSet::from(["ideas/a.md".to_owned()]),
            conflicts: vec![ConflictCopy {
                path: "ideas/b.md".to_owned(),
                copy: "ideas/b (conflict laptop).md".to_owned(),
                is_local: false,
            }],
            left: vec![Left {
                path: "ideas/c.md".to_owned(),
                reason: "it is too large".to_owned(),
            }],
            ..Report::default()
        };
        let expected = "uploaded: ideas/a.md\n\
            conflict: ideas/b.md: your text is in ideas/b (conflict laptop).md\n\
            skipped: ideas/c.md: it is too large\n\
            1 uploaded, 1 in conflict, 1 skipped.";
        assert_eq!(text(&report), expected);
    }

    #[test]
    fn thousands_of_paths_are_counted() {
        let report = Report {
            downloaded: (0..1000)
                .map(|number| format!("ideas/{number}.md"))
                .collect(),
            ..Report::default()
        };
        let text = text(&report);
        assert_eq!(text.lines().count(), LISTED + 2);
        assert!(
            text.ends_with("downloaded: 980 more\n1000 downloaded."),
            "{text}"
        );
    }
}
