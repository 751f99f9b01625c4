//! One project of a server, as the engine asks it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::http::StatusCode;

use super::address::encode;
use super::server::Server;
use super::wire::{
    ConflictAnswer, DiffBody, HistoryAnswer, InfoAnswer, PageAnswer, PushBody, PushedAnswer,
    RestoreBody, StatusAnswer,
};
use crate::remote::{
    DeviceFile, Diff, Limits, Page, Push, Pushed, Remote, RemoteError, Rev, Scope, Version,
};

/// Changes in a page, the most that the server gives.
const PAGE: u32 = 1000;
/// The same with content, which is in memory as JSON too.
const PAGE_WITH_CONTENT: u32 = 250;

/// How long the limits of the server are trusted, so that each save is one counted request, not two.
const KNOWN: Duration = Duration::from_secs(5 * 60);

/// A project of a server.
pub struct Project {
    server: Server,
    id: String,
    name: String,
    limits: Mutex<Option<(Instant, Limits)>>,
}

impl Project {
    /// The project with this id; `name` is shown beside it in lists when it is begun here.
    pub fn new(server: Server, id: &str, name: &str) -> Self {
        Self {
            server,
            id: id.to_owned(),
            name: name.to_owned(),
            limits: Mutex::default(),
        }
    }

    /// Its server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Brings back a version of a path as a new one.
    pub fn restore(&self, path: &str, rev: Rev) -> Result<(), RemoteError> {
        let body = RestoreBody { path, rev };
        self.server.post(&self.path("restore"), &body).map(drop)
    }

    /// The newest content of a path; none when there is no such file.
    pub fn newest(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        self.file(path, "")
    }

    fn status(&self) -> Result<StatusAnswer, RemoteError> {
        self.server.get(&self.path("status"))?.json()
    }

    /// A page of the versions before this one.
    fn versions(&self, path: &str, before: Rev) -> Result<HistoryAnswer, RemoteError> {
        let before = match before {
            Rev::MAX => String::new(),
            before => format!("&before={before}"),
        };
        let query = format!("history?path={}&limit={PAGE}{before}", encode(path));
        self.server.get(&self.path(&query))?.json()
    }

    fn file(&self, path: &str, query: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let path = self.path(&format!("files/{}{query}", encode(path)));
        match self.server.get(&path) {
            Ok(answer) => Ok(Some(answer.bytes)),
            Err(RemoteError::Refused { code, .. }) if is_absent(&code) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The address of something below the project.
    pub(super) fn path(&self, what: &str) -> String {
        format!("/v1/projects/{}/{what}", encode(&self.id))
    }
}

fn is_absent(code: &str) -> bool {
    matches!(code, "not_found" | "content_gone")
}

impl Remote for Project {
    fn limits(&self) -> Result<Limits, RemoteError> {
        let mut known = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((asked, limits)) if asked.elapsed() < KNOWN => Ok(limits.clone()),
            _ => {
                let answer: InfoAnswer = self.server.get("/v1/info")?.json()?;
                *known = Some((Instant::now(), answer.limits.clone()));
                Ok(answer.limits)
            }
        }
    }

    fn totals(&self) -> Result<(u64, u64), RemoteError> {
        let answer = self.status()?;
        Ok((answer.file_count, answer.total_size))
    }

    fn is_deleted(&self) -> Result<bool, RemoteError> {
        Ok(self.status()?.deleted_at.is_some())
    }

    fn scope(&self) -> Result<Scope, RemoteError> {
        match self.server.own_key() {
            // Servers from before it have no such keys.
            Err(RemoteError::Refused { status: 404, .. }) => Ok(Scope::Write),
            own => Ok(own?.scope()),
        }
    }

    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError> {
        let limit = if content { PAGE_WITH_CONTENT } else { PAGE };
        let (since, content) = (encode(since), u8::from(content));
        let query = format!("changes?since={since}&limit={limit}&content={content}");
        let answer: PageAnswer = self.server.get(&self.path(&query))?.json()?;
        Ok(answer.into())
    }

    fn push(&self, push: &Push) -> Result<Pushed, RemoteError> {
        let body = PushBody::new(push, &self.name);
        let answer = self.server.post(&self.path("sync"), &body)?;
        if answer.status == StatusCode::CONFLICT {
            let conflicts: ConflictAnswer = answer.json()?;
            return Ok(Pushed::Conflict(conflicts.into()));
        }
        let pushed: PushedAnswer = answer.json()?;
        Ok(Pushed::Stored(pushed.into()))
    }

    fn diff(&self, files: &[DeviceFile]) -> Result<Diff, RemoteError> {
        self.server
            .post(&self.path("diff"), &DiffBody { files })?
            .json()
    }

    fn content(&self, path: &str, rev: Rev) -> Result<Option<Vec<u8>>, RemoteError> {
        self.file(path, &format!("?rev={rev}"))
    }

    fn history(&self, path: &str) -> Result<Vec<Version>, RemoteError> {
        let mut versions: Vec<Version> = Vec::new();
        loop {
            let before = versions.last().map_or(Rev::MAX, |last| last.rev);
            let page = self.versions(path, before)?;
            let oldest = page.versions.last().map_or(before, |last| last.rev);
            versions.extend(page.versions);
            if !page.has_more {
                return Ok(versions);
            }
            if oldest >= before {
                return Err(RemoteError::Endless("the versions of a file"));
            }
        }
    }
}
