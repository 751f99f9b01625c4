//! What a person does to a text. Every saved text is unlike any other.

use support::Random;

/// The files of all devices: few, so that they often meet, and some in each other's way.
pub const PATHS: [&str; 10] = [
    "archive/old.md",
    "ideas/a.md",
    "ideas/b.md",
    "ideas/b.md/inside.md",
    "ideas/sub/c.md",
    "ideas/sub/deep/d.md",
    "tasks/A.md",
    "tasks/a.md",
    "tasks/mañana é.md",
    "tasks/z #1 100%.md",
];

/// A path of the pool.
pub fn path(random: &mut Random) -> &'static str {
    PATHS[index(random, PATHS.len())]
}

/// A number below `length`.
pub fn index(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.in_range(0..length as u64)).expect("a small number")
}

/// A new text of several lines.
pub fn new_text(random: &mut Random, mark: &str) -> String {
    let lines = random.in_range(1..9);
    let lines = (0..lines).map(|line| format!("line {line} of {mark}\n"));
    lines.collect()
}

/// An edit of a text: a line changed, added or removed.
pub fn edited(random: &mut Random, text: &str, mark: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = index(random, lines.len() + 1);
    let line = format!("edit {mark}");
    match random.in_range(0..10) {
        0..=4 if at < lines.len() => lines[at] = line,
        5 if at < lines.len() && lines.len() > 1 => {
            lines.remove(at);
            lines.push(line);
        }
        _ => lines.insert(at, line),
    }
    lines.join("\n") + "\n"
}
