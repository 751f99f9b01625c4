//! What is stored after a failure of the process, a connection or the disk.
//!
//! `KAMIFLOW_LONG=1 cargo test --test crash` kills the server hundreds of times.

mod delete;
mod events;
mod full_disk;
mod full_disk_keys;
mod hang_up;
mod kill;
mod other_log;
mod purge;
mod stop;
mod synced;
