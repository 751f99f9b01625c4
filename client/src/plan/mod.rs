//! The rules, without disk and server.
//!
//! * `decide` — what a change of the server means for a path
//! * `compare` — the same after everything was compared, when there is no cursor to trust
//! * `own` — whether a version of the server was sent from here
//! * `local` — what was changed here
//! * `both` — two maps by path, side by side
//! * `limits` — what the server takes
//! * `half_moves` — files that were moved to where it does not take them
//! * `places` — the same of files that were edited too
//! * `parts` — what goes up together

mod both;
mod compare;
mod decide;
mod half_moves;
mod limits;
mod local;
mod own;
mod parts;
mod places;

pub use both::both;
pub use compare::{Judged, compare};
pub use decide::{Decision, decide};
pub use half_moves::half_moves;
pub use limits::{by_limits, by_scope};
pub use local::{Edit, edits};
pub use own::is_own;
pub use parts::{Item, parts};
pub use places::{add_untaken, unsound};
