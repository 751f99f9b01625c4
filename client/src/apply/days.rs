//! The days on which there was a round. The trash counts these alone: a clock that is ahead once would empty it, and one
//! that was behind has given it folders that look old.

use std::path::Path;

use super::Disk;
use crate::dates;
use crate::private_file;

/// Their file, in `.kamiflow/.sync`: the oldest first, each once.
const FILE: &str = "kamisync.days";
/// Days that the trash keeps a file.
const KEPT: usize = 30;
/// Older ones are forgotten. By then, what the trash has of them is removed.
const REMEMBERED: usize = 2 * KEPT;

/// Remembers today, and returns which of these days are long enough ago. One that is new here begins to count today.
pub(super) fn past(disk: &Disk, of_trash: &[String]) -> Vec<String> {
    let file = disk.folder.state_folder().join(FILE);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let days = with_today(
        text.lines().map(str::to_owned).collect(),
        of_trash,
        dates::day(disk.now),
    );
    let lines = days.join("\n");
    if lines != text.trim_end() && private_file::write(&file, &lines).is_err() {
        return Vec::new();
    }
    let past = &days[..days.len().saturating_sub(KEPT + 1)];
    let past = of_trash.iter().filter(|day| past.contains(day));
    past.cloned().collect()
}

fn with_today(mut days: Vec<String>, of_trash: &[String], today: String) -> Vec<String> {
    let new = of_trash.iter().filter(|day| !days.contains(day));
    let mut new: Vec<String> = new.cloned().collect();
    // Each of them had a round too.
    new.sort();
    days.extend(new);
    days.retain(|day| *day != today);
    days.push(today);
    days.split_off(days.len().saturating_sub(REMEMBERED))
}

/// The day whose removed files a folder of the trash has. Finders put files of their own beside it.
pub(super) fn day_of(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    let is_day = name.len() == dates::DAY_LENGTH
        && name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    (is_day && folder.is_dir()).then(|| name.to_owned())
}
