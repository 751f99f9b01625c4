//! `/dashboard/server`

mod limits;
mod machine;
mod proxies;
mod space;
mod usage;

use askama::Template;
use http::Response;

use self::limits::{Limit, limits};
use self::machine::{Files, Machine};
use self::proxies::{Proxies, proxies};
use self::space::Space;
use self::usage::{Usage, largest};
use crate::api::Error;
use crate::api::clock::now_us;
use crate::dashboard::format::Time;
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Projects;
use crate::store::Store;

#[derive(Template)]
#[template(path = "server.html")]
struct Page {
    frame: Frame,
    version: &'static str,
    /// When the process started, where the host says so.
    started: Option<Time>,
    /// None for a key of some projects.
    whole: Option<Whole>,
    projects: Vec<Usage>,
    has_uncounted: bool,
    limits: Vec<Limit>,
    proxies: Proxies,
}

/// Figures of all projects together.
struct Whole {
    space: Space,
    /// None where the host does not tell.
    machine: Option<Machine>,
}

/// Shows the server as far as the key may know it.
pub fn server(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let projects = &visit.grant()?.projects;
    let (whole, projects) = visit.app.database.read(|store| {
        let whole = match projects {
            Projects::All => Some(whole(visit, store)?),
            Projects::Only(_) => None,
        };
        Ok::<_, Error>((whole, largest(store, projects)?))
    })?;
    reply::page(&Page {
        frame: visit.frame("Server"),
        version: env!("CARGO_PKG_VERSION"),
        // Another host only knows when the instance was made.
        started: visit.app.is_held.then_some(Time(visit.app.started_us)),
        whole,
        has_uncounted: projects.iter().any(|project| project.history.is_none()),
        projects,
        limits: limits(visit.app)?,
        proxies: proxies(visit)?,
    })
}

fn whole(visit: &Visit, store: &Store) -> Result<Whole, Error> {
    let report = (visit.app.host_report)();
    Ok(Whole {
        space: Space::new(&store.totals()?, &store.file_space()?),
        machine: report.map(|report| Machine::new(report, now_us())),
    })
}

impl Whole {
    fn files(&self) -> Option<&Files> {
        self.machine.as_ref()?.files.as_ref()
    }
}
