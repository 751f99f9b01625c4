//! The newest version of every path, in the order of paths.

use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::Version;

/// The columns that [`version`] reads, in its order.
pub(super) const VERSION: &str =
    "version.rev, version.path, version.checksum, version.size, version.modified";

impl Store {
    /// At most `limit` newest versions of paths after `after`, in byte order; deletions too if
    /// `deletions` is set.
    pub fn tree(
        &self,
        project: i64,
        after: &str,
        limit: u32,
        deletions: bool,
    ) -> Result<Vec<Version>, Error> {
        let rows = self.execute(
            &format!(
                "SELECT {VERSION} FROM file
                 CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
                 WHERE file.project = ?1 AND file.path > ?2 AND file.deleted <= ?3
                 ORDER BY file.path LIMIT ?4"
            ),
            [
                project.into(),
                after.into(),
                i64::from(deletions).into(),
                i64::from(limit).into(),
            ],
        )?;
        rows.into_iter().map(|mut row| version(&mut row)).collect()
    }
}

/// Reads the columns [`VERSION`], which do not tell the device.
pub(super) fn version(row: &mut Row) -> Result<Version, Error> {
    Ok(Version {
        rev: row.integer(0)?,
        path: row.take_text(1)?,
        checksum: row.optional_checksum(2)?,
        size: row.integer(3)?,
        modified: row.integer(4)?,
        device: None,
    })
}

/// Reads the columns [`VERSION`], and the device from this one.
pub(super) fn version_with_device(row: &mut Row, device: usize) -> Result<Version, Error> {
    let device = row.optional_text(device)?.map(str::to_owned);
    Ok(Version {
        device,
        ..version(row)?
    })
}
