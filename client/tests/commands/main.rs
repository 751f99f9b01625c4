//! The commands of `kamisync` as a person runs them: real folders, the real server, real processes.

mod bound;
mod device;
mod disk;
mod install;
mod key;
mod link;
mod network;
mod pages;
mod past;
mod resolve;
mod settings;
mod storm;
mod sync;
mod watch;

use device::{Device, eventually};
