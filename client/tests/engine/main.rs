//! The engine with real folders and the real server.

mod absence;
mod apart;
mod beside_cli;
mod device;
mod endless;
mod hostile;
mod interrupted;
mod limits;
mod lossy;
mod moved;
mod names;
mod news;
mod other_history;
mod parts;
mod pass_on;
mod progress;
mod selection;
mod sent;
mod step;
mod without_cursor;
