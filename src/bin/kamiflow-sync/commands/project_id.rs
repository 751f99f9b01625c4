//! The id of a project on the command line.

use anyhow::{Error, Result, anyhow};
use kamiflow_sync_component::domain::ProjectId;

/// For a project that does not exist.
pub fn unknown(id: &str) -> Error {
    anyhow!("there is no project {id:?}: 'kamiflow-sync doctor --projects' lists them")
}

pub fn parse(text: &str) -> Result<ProjectId> {
    ProjectId::parse(text.to_owned()).ok_or_else(|| {
        anyhow!("{text:?} is no project id: 1 to 200 bytes without slash, backslash and control characters")
    })
}
