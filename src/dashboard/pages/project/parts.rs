//! `GET /dashboard/projects/:id/parts`

use askama::Template;
use http::Response;

use super::download::MAX_BYTES;
use super::head::Head;
use crate::api::Error;
use crate::dashboard::format::{Query, Size, count};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::store::Part;

/// Parts that a page lists: somebody has to press a button for each.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "parts.html")]
struct Page {
    frame: Frame,
    head: Head,
    total: String,
    /// None when they are too many.
    parts: Option<Vec<Row>>,
}

struct Row {
    number: usize,
    files: String,
    size: Size,
    address: String,
}

/// Shows the parts in which a project is downloaded that has more than one download may have.
pub fn parts(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let (head, parts) = visit.app.database.read(|store| {
        let (project, head) = Head::read(visit, store, id, "Download")?;
        Ok::<_, Error>((head, store.parts(project.number, MAX_BYTES)?))
    })?;
    reply::page(&Page {
        frame: visit.frame(&head.title),
        total: count(parts.len() as u64, "part"),
        parts: (parts.len() <= SHOWN).then(|| rows(&head.address, &parts)),
        head,
    })
}

/// The last part has no end: files that change meanwhile come there.
fn rows(project: &str, parts: &[Part]) -> Vec<Row> {
    let ends = parts.iter().skip(1).map(|part| part.after.to_string());
    let ends = ends.chain([String::new()]);
    let row = |((number, part), end): ((usize, &Part), String)| Row {
        number,
        files: count(part.files, "file"),
        size: Size(part.bytes),
        address: Query(
            &format!("{project}/download"),
            &[
                ("after", &part.after.to_string()),
                ("to", &end),
                ("part", &number.to_string()),
            ],
        )
        .to_string(),
    };
    (1..).zip(parts).zip(ends).map(row).collect()
}
