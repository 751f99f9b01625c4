//! `/dashboard/server`

use askama::Template;
use http::Response;

use crate::api::client_network::client_network;
use crate::api::{App, Error};
use crate::dashboard::format::{Name, Size, Time, count, project_address};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::SyncFolders;
use crate::domain::key::Projects;
use crate::store::{FileSpace, LiveUsage, Store, Totals};

/// Projects in the list.
const LIMIT: usize = 20;
/// Versions that are counted for a page: some ten milliseconds.
const COUNTED: u64 = 20_000;

#[derive(Template)]
#[template(path = "server.html")]
struct Page {
    frame: Frame,
    version: &'static str,
    /// When the process started, where the host says so.
    started: Option<Time>,
    /// Of the whole database; none for a key of some projects.
    space: Option<Space>,
    projects: Vec<Row>,
    has_uncounted: bool,
    limits: Vec<Limit>,
    proxies: Proxies,
}

/// What the database file is used for.
struct Space {
    totals: String,
    parts: Vec<Part>,
}

/// A part of the database file.
struct Part {
    name: &'static str,
    class: &'static str,
    size: Size,
    /// Where its bar begins and how wide it is, in thousandths.
    start: u64,
    width: u64,
}

/// A project in the list.
struct Row {
    name: Name,
    address: String,
    files: String,
    live: Size,
    /// None where there are too many versions to count.
    history: Option<(String, Size)>,
}

/// A limit in force.
struct Limit {
    what: &'static str,
    value: String,
    setting: &'static str,
}

/// Whose word about addresses is believed.
struct Proxies {
    trusted: String,
    /// The network that this request counts for.
    client: String,
    /// Whether somebody not trusted has named another address.
    is_ignored: bool,
}

/// Shows the server as far as the key may know it.
pub fn server(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let projects = &visit.grant()?.projects;
    let (space, largest) = visit.app.database.read(|store| {
        let space = match projects {
            Projects::All => Some(space(store.totals()?, store.file_space()?)),
            Projects::Only(_) => None,
        };
        Ok::<_, Error>((
            space,
            rows(store, store.largest_projects(projects, LIMIT)?)?,
        ))
    })?;
    reply::page(&Page {
        frame: visit.frame("Server"),
        version: env!("CARGO_PKG_VERSION"),
        // Another host only knows when the instance was made.
        started: visit.app.is_held.then_some(Time(visit.app.started_us)),
        space,
        has_uncounted: largest.iter().any(|row| row.history.is_none()),
        projects: largest,
        limits: limits(visit.app)?,
        proxies: proxies(visit)?,
    })
}

fn space(totals: Totals, file: FileSpace) -> Space {
    let live = totals.file_bytes.min(file.used);
    let all = (file.used + file.free).max(1);
    let mut start = 0;
    let mut part = |name, class, bytes: u64| {
        let width = bytes * 1000 / all;
        let part = Part {
            name,
            class,
            size: Size(bytes),
            start,
            width,
        };
        start += width;
        part
    };
    Space {
        totals: format!(
            "{} in {}, {}",
            count(totals.files, "file"),
            count(totals.projects, "project"),
            Size(all)
        ),
        parts: vec![
            part("Files", "live", live),
            part("History and indexes", "history", file.used - live),
            part("Free pages inside", "free", file.free),
        ],
    }
}

/// Counts the history of as many projects as there is time for, the smallest first.
fn rows(store: &Store, largest: Vec<LiveUsage>) -> Result<Vec<Row>, Error> {
    let (mut left, mut rows) = (COUNTED, Vec::new());
    for usage in largest.into_iter().rev() {
        let history = store.history_usage(usage.number, left)?;
        left = left.saturating_sub(history.as_ref().map_or(left / 4, |of| of.versions));
        rows.push(Row {
            address: project_address(&usage.id),
            name: Name::new(usage.id),
            files: count(usage.files, "file"),
            live: Size(usage.bytes),
            history: history.map(|of| (count(of.versions, "version"), Size(of.bytes))),
        });
    }
    rows.reverse();
    Ok(rows)
}

/// The limits in force, with the settings that set them.
fn limits(app: &App) -> Result<Vec<Limit>, Error> {
    let settings = &app.settings;
    let limit = |what, value, setting| Limit {
        what,
        value,
        setting,
    };
    let minutes = settings.rate_limit_window_ms()?.div_ceil(60_000);
    let requests = count(settings.rate_limit_max_requests()?, "request");
    Ok(vec![
        limit(
            "Largest file",
            size(settings.max_file_size()?),
            "MAX_FILE_SIZE",
        ),
        limit(
            "Largest push",
            size(settings.max_body_size()?),
            "MAX_BODY_SIZE",
        ),
        limit(
            "Files in a project",
            count(settings.max_files_per_project()?, "file"),
            "MAX_FILES_PER_PROJECT",
        ),
        limit(
            "Requests of a device",
            format!("{requests} in {}", count(minutes, "minute")),
            "RATE_LIMIT_MAX_REQUESTS, RATE_LIMIT_WINDOW_MS",
        ),
        limit(
            "Replaced versions are kept for",
            count(settings.history_days()?, "day"),
            "HISTORY_DAYS",
        ),
        limit(
            "After that, of each file the newest",
            count(settings.history_versions()?, "version"),
            "HISTORY_VERSIONS",
        ),
        limit(
            "Deleted files are kept for",
            count(settings.history_deleted_days()?, "day"),
            "HISTORY_DELETED_DAYS",
        ),
        limit(
            "Folders that are synced",
            match settings.sync_folders()? {
                SyncFolders::Any => "all".to_owned(),
                some => some.to_string(),
            },
            "SYNC_FOLDERS",
        ),
        limit(
            "Names that some system cannot write",
            match settings.portable_paths()?.name() {
                "refuse" => "are refused".to_owned(),
                _ => "are reported".to_owned(),
            },
            "PORTABLE_PATHS",
        ),
    ])
}

fn size(bytes: usize) -> String {
    Size(bytes as u64).to_string()
}

fn proxies(visit: &Visit) -> Result<Proxies, Error> {
    let (headers, trusted) = (visit.head.headers(), visit.app.settings.trusted_proxies()?);
    let client = client_network(headers, &trusted);
    let is_forwarded = headers.contains_key("x-forwarded-for");
    let is_believed = is_forwarded && client != client_network(headers, &[]);
    let names: Vec<_> = trusted.iter().map(ToString::to_string).collect();
    Ok(Proxies {
        trusted: names.join(", "),
        client,
        is_ignored: is_forwarded && !is_believed,
    })
}
