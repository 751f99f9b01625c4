//! The only user of SQL: every table and column is known here and nowhere else.
//!
//! The store plans with the rules of `domain` and knows neither JSON nor HTTP. It works on any
//! [`Sql`] connection: Spin's in the component, `rusqlite` in the native program.

mod attempt;
mod claim;
mod clock;
mod database;
mod device_key;
mod device_position;
mod error;
mod feed;
mod history;
mod latest;
mod lock_wait;
mod losses;
mod marks;
mod migrate;
mod moving;
#[cfg(not(any(target_family = "wasm", fuzzing)))]
pub mod native;
mod obstacles;
mod pages;
mod past;
mod portability;
mod project;
mod project_list;
mod push;
mod recognition;
mod removal;
mod renumber;
mod restore;
mod row;
mod schema;
mod session;
mod sql;
mod sql_error;
#[expect(
    clippy::module_inception,
    reason = "the module is named after what it holds"
)]
mod store;
mod takeover;
#[cfg(test)]
pub(crate) mod test_support;
mod totals;
mod transaction;
mod tree;
mod usage;

pub use claim::Claim;
pub use database::Database;
pub use device_key::{DeviceKey, NewKey};
pub use device_position::{KeyCursor, Position};
pub use error::Error;
pub use feed::{Change, Entries, PAGE_BYTES, Page, PageQuery};
pub use history::StoredVersion;
pub use latest::{LatestChange, OVERLAP_US};
pub use losses::Losses;
pub use marks::Subject;
pub use moving::MovedProject;
pub use pages::{
    Activity, ActivityFilter, ActivityKind, ActivityPage, ActivityPosition, DAYS, DeletedFile,
    DeletedPage, DeviceLag, Edit, FolderEntry, FolderPage, LastVersion, MAX_A_DAY, MAX_BEHIND,
    MAX_COUNTED, Part, RecentProjects, ReplacedEdit, ReplacedPage,
};
pub use portability::{UnportablePage, UnportableTotals};
pub use project::{Project, ProjectSummary};
pub use project_list::ProjectPage;
pub use push::{Applied, Import, PushTo};
pub use recognition::require_own;
pub use removal::{Purge, Purged, Retention};
pub use restore::{RestoreTo, Restored};
pub use row::{Row, Value};
pub use schema::{FIRST_SCHEMA, SCHEMA_VERSION, steps};
pub use session::Session;
pub use sql::Sql;
pub use sql_error::SqlError;
pub use store::Store;
pub use takeover::LastRev;
pub use totals::Totals;
pub use transaction::{BEGIN_ALONE, BEGIN_GROUPED};
pub use usage::{FileSpace, HistoryUsage, LiveUsage, ProjectUsage};
