//! The pages of one project.

mod delete;
mod deleted;
mod download;
mod files;
mod head;
mod parts;
mod replaced;
mod restore;
mod restored;
mod version;

pub use delete::{ask_to_delete, delete};
pub use deleted::deleted;
pub use download::download;
pub use files::files;
pub use parts::parts;
pub use replaced::replaced;
pub use restore::{preview, restore};
pub use version::restore_version;
