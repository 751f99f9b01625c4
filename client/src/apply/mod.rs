//! Changes files so that nothing is lost, whatever happens in between.
//!
//! * `disk` — where it happens, and what becomes of a change
//! * `temporary`, `stage` — new contents beside the files that they are for
//! * `exchange` — puts it into place in one step, so that what it replaces can be looked at afterwards
//! * `replace`, `remove` — take a file away only when it has the content that was expected
//! * `trash`, `kept`, `days` — what was taken away, and for how long it is kept
//! * `flush` — what must be on the disk before something else is
//! * `way` — whether a path can be written here at all

mod days;
mod disk;
mod exchange;
mod flush;
mod kept;
mod remove;
mod replace;
mod stage;
mod temporary;
#[cfg(test)]
mod tests;
mod trash;
mod way;

pub use disk::{Disk, Outcome};
pub use kept::sweep;
pub use remove::remove_all;
pub use replace::write_all;
pub use stage::{Old, Write};
pub use trash::rescue;
pub use way::{is_absent, obstacle};
