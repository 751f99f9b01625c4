//! `GET /dashboard/projects/:id/deleted`

use askama::Template;
use http::Response;

use super::head::Head;
use crate::api::Error;
use crate::dashboard::format::{Name, Query, Size, file_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::pages::parts::Changed;
use crate::dashboard::pages::position::before_rev;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;
use crate::domain::{ProjectId, Rev};
use crate::store::DeletedFile;

#[derive(Template)]
#[template(path = "deleted.html")]
struct Page {
    frame: Frame,
    head: Head,
    query: String,
    files: Vec<Row>,
    next: Option<String>,
    is_continued: bool,
}

struct Row {
    name: Name,
    /// As it is, for the form.
    path: String,
    address: String,
    deleted: Changed,
    size: Option<Size>,
    /// The version that brings it back; none when its content is no longer kept, or the key may not.
    back_to: Option<Rev>,
    is_kept: bool,
    /// The newest version, over which it is brought back.
    newest: Rev,
}

/// Shows deleted files, the last deletion first, with a button that brings each back.
pub fn deleted(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let query = visit.parameter("q").unwrap_or_default();
    let before = before_rev(visit)?;
    let (head, page) = visit.app.database.read(|store| {
        let (project, head) = Head::read(visit, store, id, "Deleted")?;
        let before = before.unwrap_or(Rev::MAX);
        let page = store.deleted_files(project.number, query.trim(), before)?;
        Ok::<_, Error>((head, page))
    })?;
    let may_write = visit.may(Scope::Write);
    let next = page.next.map(|rev| {
        let rev = rev.to_string();
        let fields = [("q", query.as_str()), ("before", &rev)];
        Query(&format!("{}/deleted", head.address), &fields).to_string()
    });
    let files = page.files.into_iter();
    reply::page(&Page {
        frame: visit.frame(&head.title),
        files: files.map(|file| row(&head.id, may_write, file)).collect(),
        next,
        is_continued: before.is_some(),
        query,
        head,
    })
}

fn row(project: &str, may_write: bool, file: DeletedFile) -> Row {
    let last = file.last.as_ref();
    let kept = last.filter(|last| last.is_kept);
    Row {
        name: Name::new(&*file.path),
        address: file_address(project, &file.path),
        size: last.map(|last| Size(last.size)),
        back_to: kept.filter(|_| may_write).map(|last| last.rev),
        is_kept: kept.is_some(),
        newest: file.rev,
        deleted: Changed::new(file.rev, file.device),
        path: file.path,
    }
}
