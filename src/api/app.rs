//! What handlers work with.

use super::later::Later;
use super::waiting::Places;
use super::waiting::Watch;
use crate::counters::Counters;
use crate::domain::Rev;
use crate::settings::Settings;
use crate::store::Database;
use crate::wire::host_report::HostReport;

/// The parts of the server that outlive a request.
pub struct App {
    /// Every setting.
    pub settings: Settings,
    /// Numbers that live as long as the server process.
    pub memory: Box<dyn Counters>,
    /// Numbers that are kept in the database file.
    pub durable: Box<dyn Counters>,
    /// The database.
    pub database: Database,
    /// When the server process started, or, on a host that does not say, this instance; microseconds
    /// since 1970.
    pub started_us: Rev,
    /// Whether the host holds the connections of those who wait.
    pub is_held: bool,
    /// What the host reports of the machine, as it is now; none on a host that reports nothing.
    pub host_report: fn() -> Option<HostReport>,
    /// Numbers that nobody can guess, for keys.
    pub random: fn() -> u64,
    /// What is written after the answer.
    pub later: Later,
    /// What is waited for in this instance.
    pub watch: Watch,
    /// The places of those who wait in this instance.
    pub places: Places,
}
