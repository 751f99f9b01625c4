//! `GET /dashboard/projects/:id/replaced`

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
use crate::store::{Edit, ReplacedEdit};

#[derive(Template)]
#[template(path = "replaced.html")]
struct Page {
    frame: Frame,
    head: Head,
    edits: Vec<Row>,
    next: Option<String>,
    is_continued: bool,
}

struct Row {
    name: Name,
    /// As it is, for the form.
    path: String,
    address: String,
    size: Size,
    /// By the clocks of the devices, as only these tell which is newer.
    replaced: Changed,
    by: Changed,
    /// The version that brings it back; none when its content is no longer kept, or the key may not.
    back_to: Option<Rev>,
    is_kept: bool,
    /// The newest version, over which it is brought back.
    newest: Rev,
}

/// Shows newer edits that an older one has replaced, with a button that brings each back.
pub fn replaced(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let before = before_rev(visit)?;
    let (head, page) = visit.app.database.read(|store| {
        let (project, head) = Head::read(visit, store, id, "Replaced edits")?;
        let page = store.replaced_edits(project.number, before.unwrap_or(Rev::MAX))?;
        Ok::<_, Error>((head, page))
    })?;
    let may_write = visit.may(Scope::Write);
    let next = page.next.map(|rev| {
        let address = format!("{}/replaced", head.address);
        Query(&address, &[("before", &rev.to_string())]).to_string()
    });
    let edits = page.edits.into_iter();
    reply::page(&Page {
        frame: visit.frame(&head.title),
        edits: edits.map(|edit| row(&head.id, may_write, edit)).collect(),
        next,
        is_continued: before.is_some(),
        head,
    })
}

fn row(project: &str, may_write: bool, edit: ReplacedEdit) -> Row {
    Row {
        name: Name::new(&*edit.path),
        address: file_address(project, &edit.path),
        size: Size(edit.size),
        back_to: (edit.is_kept && may_write).then_some(edit.edit.rev),
        is_kept: edit.is_kept,
        newest: edit.newest,
        replaced: written(edit.edit),
        by: written(edit.by),
        path: edit.path,
    }
}

fn written(edit: Edit) -> Changed {
    Changed::new(edit.modified.saturating_mul(1000), edit.device)
}
