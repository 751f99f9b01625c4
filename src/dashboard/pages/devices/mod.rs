//! The keys of devices.

mod add;
mod change;
mod form;
mod list;
mod problem;
mod secret;

pub use add::add_device;
pub use change::{revoke_device, rotate_device};
pub use list::devices;
