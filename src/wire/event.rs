//! Events of the live feed, as `text/event-stream` writes them.

use serde::Serialize;

use super::json;
use crate::domain::Cursor;

/// What an event says: that a project has changed, and how far.
#[derive(Serialize)]
struct Change<'a> {
    project: &'a str,
    cursor: String,
    device: Option<&'a str>,
}

/// The event for a project that is now at this cursor; `device` stored its newest change. A project
/// that is deleted is at the beginning; such an event has no id, because nobody can continue from there.
pub fn change(project: &str, cursor: Cursor, device: Option<&str>) -> String {
    let id = match cursor {
        Cursor::BEGINNING => String::new(),
        cursor => format!("id: {cursor}\n"),
    };
    let change = Change {
        project,
        cursor: cursor.to_string(),
        device,
    };
    let data = String::from_utf8(json::to_vec(&change)).unwrap_or_default();
    format!("event: change\n{id}data: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_block_of_ascii_whatever_the_names() {
        let cursor = Cursor {
            epoch: 1,
            rev: 2,
            tag: 3,
        };
        let event = change("ghi chú", cursor, Some("Bob’s\niPhone"));
        let expected = "event: change\nid: 1-2-3\n\
            data: {\"project\":\"ghi ch\\u00fa\",\"cursor\":\"1-2-3\",\"device\":\"Bob\\u2019s\\niPhone\"}\n\n";
        assert_eq!(event, expected);
        let deleted = change("p", Cursor::BEGINNING, None);
        let expected =
            "event: change\ndata: {\"project\":\"p\",\"cursor\":\"0\",\"device\":null}\n\n";
        assert_eq!(deleted, expected);
    }
}
