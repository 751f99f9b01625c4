//! Changes files so that nothing is lost, whatever happens in between.
//!
//! * `disk` — where it happens, and what becomes of a change
//! * `temporary` — a new content beside the file that it is for
//! * `exchange` — puts it into place in one step, so that what it replaces can be looked at afterwards
//! * `replace`, `remove` — take a file away only when it has the content that was expected
//! * `trash`, `kept` — what was taken away, and for how long it is kept
//! * `flush` — what must be on the disk before something else is
//! * `way` — whether a path can be written here at all

mod disk;
mod exchange;
mod flush;
mod kept;
mod remove;
mod replace;
mod temporary;
#[cfg(test)]
mod tests;
mod trash;
mod way;

pub use disk::{Disk, Outcome};
pub use kept::sweep;
pub use remove::remove_all;
pub use replace::{Old, Write, write_all};
pub use trash::rescue;
pub use way::{is_absent, obstacle};
