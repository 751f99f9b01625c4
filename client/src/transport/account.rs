//! What a key opens.

use serde::Deserialize;

use super::address::encode;
use super::server::Server;
use crate::remote::{RemoteError, Scope};

/// What the key of a device may do.
#[derive(Debug, Deserialize)]
pub struct OwnKey {
    /// Its name in the history.
    pub name: String,
    /// The ids of the projects that it opens; none for all.
    pub projects: Option<Vec<String>>,
    scope: String,
}

impl OwnKey {
    /// Whether anything may go up with it.
    pub fn may_push(&self) -> bool {
        self.scope() > Scope::Read
    }

    /// How much it may do; all, where this program does not know the word.
    pub fn scope(&self) -> Scope {
        match &*self.scope {
            "read" => Scope::Read,
            "append" => Scope::Append,
            _ => Scope::Write,
        }
    }
}

#[derive(Deserialize)]
struct Page {
    projects: Vec<Listed>,
    #[serde(default, rename = "hasMore")]
    has_more: bool,
}

/// A project in the list of a server.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    name: Option<String>,
}

impl Server {
    /// What the key may do. A wrong one is refused.
    pub fn own_key(&self) -> Result<OwnKey, RemoteError> {
        self.get("/v1/keys/self")?.json()
    }

    /// The projects that the key opens.
    pub fn projects(&self) -> Result<Vec<Listed>, RemoteError> {
        let mut projects: Vec<Listed> = Vec::new();
        let mut after = String::new();
        loop {
            let query = format!("/v1/projects?after={}", encode(&after));
            let page: Page = self.get(&query)?.json()?;
            // They come in the order of their ids.
            let last = page.projects.last().map_or("", |last| &*last.id);
            if page.has_more && *last <= *after {
                return Err(RemoteError::Endless("the projects"));
            }
            after = last.to_owned();
            projects.extend(page.projects);
            if !page.has_more {
                return Ok(projects);
            }
        }
    }
}

impl Listed {
    /// Its id and its name.
    pub fn line(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        format!("  {}  {name}", self.id).trim_end().to_owned()
    }
}
