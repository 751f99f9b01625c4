//! The engine with real folders and the real server.

mod absence;
mod apart;
mod device;
mod interrupted;
mod limits;
mod names;
mod selection;
mod step;
mod without_cursor;
