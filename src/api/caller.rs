//! The key of a request, as handlers see it.

use super::error::Error;
use crate::domain::ProjectId;
use crate::domain::key::{Grant, Scope};
use crate::store::DeviceKey;

/// The key of a request.
pub enum Caller {
    /// None; for what needs none.
    Anonymous,
    /// The owner's, from the settings.
    Owner,
    /// One of the keys in the database.
    Device(Box<DeviceKey>),
}

impl Caller {
    /// What the key may do; nothing without one.
    pub fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Anonymous => None,
            Self::Owner => Some(&Grant::OWNER),
            Self::Device(key) => Some(&key.grant),
        }
    }

    /// The key in the database, if it is one.
    pub fn device_key(&self) -> Option<&DeviceKey> {
        match self {
            Self::Anonymous | Self::Owner => None,
            Self::Device(key) => Some(key),
        }
    }

    /// 403 unless the key has a scope.
    pub fn require(&self, needs: Scope) -> Result<(), Error> {
        let grant = self.grant().ok_or(Error::Unauthenticated)?;
        if grant.scope >= needs {
            Ok(())
        } else {
            Err(Error::Scope {
                needs,
                has: grant.scope,
            })
        }
    }

    /// 403 unless the key opens a project, whether that exists or not.
    pub fn require_project(&self, id: &ProjectId) -> Result<(), Error> {
        let grant = self.grant().ok_or(Error::Unauthenticated)?;
        if grant.projects.include(id) {
            Ok(())
        } else {
            Err(Error::Project)
        }
    }
}
