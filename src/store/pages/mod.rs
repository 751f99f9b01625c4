//! What the pages for people read and no request of a client does: what has changed lately, folders, what was deleted or replaced,
//! and how far devices are.
//!
//! Each file reads one list, a page at a time. Nothing here writes.

mod activity;
mod daily;
mod deleted;
mod device_lag;
mod folder;
mod merge;
mod parts;
mod recent_projects;
mod replaced;

pub use activity::{Activity, ActivityFilter, ActivityKind, ActivityPage};
pub use daily::{DAYS, MAX_A_DAY};
pub use deleted::{DeletedFile, DeletedPage, LastVersion};
pub use device_lag::{DeviceLag, MAX_BEHIND};
pub use folder::{FolderEntry, FolderPage, MAX_COUNTED};
pub use merge::ActivityPosition;
pub use parts::Part;
pub use recent_projects::RecentProjects;
pub use replaced::{Edit, ReplacedEdit, ReplacedPage};
