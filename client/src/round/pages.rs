//! Reads the feed with content.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use crate::feed::Feed;
use crate::remote::{Change, Page, RemoteError};

/// Bytes of contents that are held before they are put on the disk.
const HELD_BYTES: usize = 2 << 20;
/// Bytes that a change without its content counts for.
const CHANGE_BYTES: usize = 1 << 10;
/// On a slow line what has arrived is put on the disk, and shown, at least this often.
const HELD_TIME: Duration = Duration::from_secs(1);

/// The next pages as one: what comes together is flushed together, and a flush waits for whatever else
/// is to be written to that disk. What arrived before a failure is not asked for again.
pub(super) fn pages(feed: &mut Feed) -> Option<Result<Page, RemoteError>> {
    let began = Instant::now();
    let mut read = match feed.next()? {
        Ok(page) => page,
        error => return Some(error),
    };
    let may_hold = |read: &Page| bytes(&read.changes) < HELD_BYTES && began.elapsed() < HELD_TIME;
    while may_hold(&read) {
        match feed.next() {
            Some(Ok(next)) => append(&mut read, next),
            _ => break,
        }
    }
    Some(Ok(read))
}

/// Does something while the next pages, if there are any, are read.
pub(super) fn read_ahead<T>(
    feed: &mut Feed,
    act: impl FnOnce() -> T,
) -> (T, Option<Result<Page, RemoteError>>) {
    thread::scope(|scope| {
        let read = scope.spawn(|| pages(feed));
        let done = act();
        let read = read.join().unwrap_or_else(|panic| resume_unwind(panic));
        (done, read)
    })
}

fn bytes(changes: &[Change]) -> usize {
    let content = |change: &Change| change.content.as_ref().map_or(0, Vec::len);
    let each = changes.iter().map(|change| CHANGE_BYTES + content(change));
    each.sum()
}

/// Adds a page. A path that changed after it was read is in it again.
fn append(read: &mut Page, next: Page) {
    let again: HashSet<&str> = next.changes.iter().map(|change| &*change.path).collect();
    read.changes.retain(|change| !again.contains(&*change.path));
    read.changes.extend(next.changes);
    read.cursor = next.cursor;
    read.has_more = next.has_more;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(changes: &[(&str, u64)], cursor: &str) -> Page {
        let changes = changes.iter().map(|(path, rev)| Change {
            rev: *rev,
            path: (*path).to_owned(),
            checksum: None,
            modified: 0,
            device: None,
            content: None,
        });
        Page {
            changes: changes.collect(),
            cursor: cursor.to_owned(),
            has_more: cursor != "end",
        }
    }

    #[test]
    fn a_path_that_changed_between_two_pages_is_there_once_and_as_it_is_now() {
        let mut read = page(&[("a", 1), ("b", 2)], "middle");
        append(&mut read, page(&[("c", 3), ("a", 4)], "end"));
        assert_eq!(read, page(&[("b", 2), ("c", 3), ("a", 4)], "end"));
    }
}
