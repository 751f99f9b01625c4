//! Follows the changes of a project: by a stream of events, and while the server has no room for one by looking
//! now and then.
//!
//! Each connection begins where the last round got to, so the server tells at once of what was missed
//! in between, and a round that failed is asked for again.

use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::backoff::{Backoff, jitter};
use super::position::Position;
use super::project::Project;
use crate::remote::RemoteError;

/// A stream that ends sooner without a change was none.
const SHORTEST: Duration = Duration::from_secs(1);
/// How often to look while the server has no room for connections that wait.
const LOOK: Duration = Duration::from_secs(30);
/// Pauses between connections.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// Calls `look` whenever the server may have something newer than `position`, for ever; with the cursor at the
/// end of the change feed, where the server tells it. The project is asked for at each connection, since its key or
/// its address may change.
pub fn follow(
    project: impl Fn() -> Arc<Project>,
    position: &Position,
    mut look: impl FnMut(Option<String>),
) -> ! {
    let mut backoff = Backoff::new(FIRST, LONGEST);
    loop {
        match stream(&project(), position, &mut look) {
            Ok(Ended::InTime) => backoff.reset(),
            Ok(Ended::AtOnce) | Err(RemoteError::Offline(_)) => {}
            // As many connections wait as the server has room for.
            Err(RemoteError::Wait { after, .. }) => {
                sleep(jitter(LOOK).max(after));
                look(None);
            }
            // A round knows what to do with another history, and tells when the key is wrong.
            Err(_) => look(None),
        }
        sleep(backoff.pause());
    }
}

/// How a connection ended that was made.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// It reported a change, or it lasted.
    InTime,
    /// Something on the way lets none last.
    AtOnce,
}

impl Ended {
    fn after(began: Instant, has_told: bool) -> Self {
        if has_told || began.elapsed() >= SHORTEST {
            Self::InTime
        } else {
            Self::AtOnce
        }
    }
}

/// One stream, from its beginning to its end.
fn stream(
    project: &Project,
    position: &Position,
    look: &mut impl FnMut(Option<String>),
) -> Result<Ended, RemoteError> {
    let began = Instant::now();
    let path = project.path("events");
    let mut stream = project.server().stream(&path, position.get().as_deref())?;
    // What was saved while there was no connection goes up now.
    look(None);
    let mut has_told = false;
    let lost = |error: io::Error| RemoteError::Offline(error.to_string());
    while let Some(change) = stream.next_change().map_err(lost)? {
        look(change.cursor);
        has_told = true;
    }
    Ok(Ended::after(began, has_told))
}
