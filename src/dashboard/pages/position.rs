//! A place in a list that is in the order of changes, as the address of a page has it.

use crate::api::Error;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;
use crate::store::ActivityPosition;

/// The place before which a page begins; none for the first page.
pub fn before(visit: &Visit) -> Result<Option<ActivityPosition>, Error> {
    let text = visit.parameter("before").filter(|text| !text.is_empty());
    text.map(|text| read(&text)).transpose()
}

/// The change before which a page of a project begins; none for the first page.
pub fn before_rev(visit: &Visit) -> Result<Option<Rev>, Error> {
    let text = visit.parameter("before").filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| malformed()))
        .transpose()
}

fn malformed() -> Error {
    Error::BadRequest("'before' must be from the address of a page.".to_owned())
}

fn read(text: &str) -> Result<ActivityPosition, Error> {
    let parse = || {
        let (rev, project) = text.split_once('.')?;
        let rev: Rev = rev.parse().ok()?;
        Some(ActivityPosition {
            rev,
            project: project.parse().ok()?,
        })
    };
    parse().ok_or_else(malformed)
}

/// The value of `before`.
pub fn write(place: ActivityPosition) -> String {
    format!("{}.{}", place.rev, place.project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let place = ActivityPosition { rev: 7, project: 3 };
        assert_eq!(read(&write(place)).unwrap(), place);
        for text in ["", "7", "7.", ".3", "x.3", "7.3.1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
