//! `GET /dashboard/projects/:id`

use askama::Template;
use http::Response;

use super::head::Head;
use crate::api::Error;
use crate::dashboard::format::{Name, Query, Size, count, file_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::pages::parts::{Changed, events_for};
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;
use crate::domain::{ProjectId, Version};
use crate::store::{FolderEntry, FolderPage, MAX_COUNTED};

#[derive(Template)]
#[template(path = "files.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// The folder that is shown, empty for the whole project.
    folder: String,
    /// The folders above it, and itself.
    folders: Vec<Link>,
    /// What is searched for.
    query: String,
    entries: Vec<Entry>,
    /// From where on the page gets changes.
    events: Option<String>,
    /// Where deleted files with this name are.
    deleted: String,
    /// Where one goes back in time; none for a key that may not.
    restore: Option<String>,
    /// The address of the next page.
    next: Option<String>,
    is_continued: bool,
}

struct Link {
    name: Name,
    address: String,
}

struct Entry {
    name: Name,
    address: String,
    /// Of a folder: how many files are below it.
    files: Option<String>,
    size: Option<Size>,
    changed: Option<Changed>,
}

/// Shows the folder `in`, or of it and what is below it the files whose paths have the text `q`.
pub fn files(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let [folder, query, after] =
        ["in", "q", "after"].map(|name| visit.parameter(name).unwrap_or_default());
    let folder = folder.trim_matches('/');
    visit.require_project(id)?;
    visit.app.database.with(|store| store.list_names(id))?;
    let (head, page) = visit.app.database.read(|store| {
        let (project, head) = Head::read(visit, store, id, "Files")?;
        let page = match query.trim() {
            "" => store.folder(project.number, folder, &after),
            text => store.search(project.number, folder, text, &after),
        }?;
        Ok::<_, Error>((head, page))
    })?;
    let address = |folder: &str, query: &str, after: &str| {
        let fields = [("in", folder), ("q", query), ("after", after)];
        Query(&head.address, &fields).to_string()
    };
    let FolderPage { entries, next } = page;
    let shown = entries.into_iter().map(|entry| match entry {
        FolderEntry::Folder { path, files } => Entry {
            name: Name::new(below(&path, folder)),
            address: address(&path, "", ""),
            files: Some(counted(files)),
            size: None,
            changed: None,
        },
        FolderEntry::File(version) => file(&head.id, folder, version),
    });
    reply::page(&Page {
        frame: visit.frame(&head.title),
        entries: shown.collect(),
        folders: folders(folder, |folder| address(folder, "", "")),
        next: next.map(|next| address(folder, &query, &next)),
        deleted: Query(&format!("{}/deleted", head.address), &[("q", &query)]).to_string(),
        restore: visit
            .may(Scope::Write)
            .then(|| format!("{}/restore", head.address)),
        events: events_for(after.is_empty()),
        is_continued: !after.is_empty(),
        folder: folder.to_owned(),
        query,
        head,
    })
}

fn file(project: &str, folder: &str, version: Version) -> Entry {
    Entry {
        name: Name::new(below(&version.path, folder)),
        address: file_address(project, &version.path),
        files: None,
        size: Some(Size(version.size)),
        changed: Some(Changed::new(version.rev, version.device)),
    }
}

/// The path inside of its folder.
fn below<'p>(path: &'p str, folder: &str) -> &'p str {
    let rest = path.strip_prefix(folder).unwrap_or(path);
    rest.trim_start_matches('/')
}

fn counted(files: u64) -> String {
    if files >= MAX_COUNTED {
        format!("{} or more", count(files, "file"))
    } else {
        count(files, "file")
    }
}

/// The folder and those above it, outermost first.
fn folders(folder: &str, address: impl Fn(&str) -> String) -> Vec<Link> {
    let ends = folder.match_indices('/').map(|(end, _)| end);
    let ends = ends.chain((!folder.is_empty()).then_some(folder.len()));
    let paths = ends.map(|end| &folder[..end]);
    let link = |path: &str| Link {
        name: Name::new(path.rsplit('/').next().unwrap_or_default()),
        address: address(path),
    };
    paths.map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_above_lead_to_themselves() {
        let found = folders("a/b/c", str::to_owned);
        let found: Vec<_> = found
            .iter()
            .map(|link| (link.name.to_string(), link.address.as_str()))
            .collect();
        let bdi = |name: &str| format!("<bdi>{name}</bdi>");
        assert_eq!(
            found,
            [(bdi("a"), "a"), (bdi("b"), "a/b"), (bdi("c"), "a/b/c")]
        );
        assert!(folders("", str::to_owned).is_empty());
    }
}
