//! Watches one folder: waits for a sign of a change, does a round, and again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::local::LocalWatch;
use super::schedule::{Ended, Schedule};
use super::voice::Voice;
use crate::commands::{device, open};
use crate::config::Folder;
use crate::error::SyncError;
use crate::remote::RemoteError;
use crate::report::Silent;
use crate::round::{Options, Session};
use crate::transport::{Position, Project, follow};

/// A sign that something may have changed.
enum Sign {
    /// Here.
    Saved,
    /// On the server.
    Told,
}

/// A folder that is ready to be watched. No other program syncs it meanwhile.
pub struct Watched {
    session: Session,
    project: Arc<Project>,
    position: Arc<Position>,
    device: String,
    voice: Voice,
    signs: (Sender<Sign>, Receiver<Sign>),
    local: Option<(Identity, LocalWatch)>,
}

impl Watched {
    /// Takes the folder for this program.
    pub fn open(folder: Folder) -> Result<Self> {
        let project = Arc::new(open::project(&folder)?);
        Ok(Self {
            voice: Voice::new(&folder.root),
            session: Session::open(folder)?,
            project,
            position: Arc::default(),
            device: device::name(),
            signs: channel(),
            local: None,
        })
    }

    /// Keeps the folder in step, for ever.
    pub fn run(mut self) {
        self.follow();
        let mut schedule = Schedule::new(Instant::now());
        loop {
            self.wait(&mut schedule);
            self.watch_here();
            let ended = self.round();
            schedule.ended(ended, self.local.is_some(), Instant::now());
        }
    }

    /// Hears of changes on the server.
    fn follow(&self) {
        self.position.set(self.session.cursor().unwrap_or_default());
        let (project, position) = (Arc::clone(&self.project), Arc::clone(&self.position));
        let signs = self.signs.0.clone();
        thread::spawn(move || {
            follow(project.server(), project.id(), &position, || {
                _ = signs.send(Sign::Told)
            });
        });
    }

    /// Waits until the next round is due.
    fn wait(&self, schedule: &mut Schedule) {
        loop {
            let left = schedule.due().saturating_duration_since(Instant::now());
            match self.signs.1.recv_timeout(left) {
                Ok(Sign::Saved) => schedule.saved(Instant::now()),
                Ok(Sign::Told) => schedule.told(Instant::now()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Watches the folder that is there now, which may be another than before.
    fn watch_here(&mut self) {
        let identity = Identity::of(&self.session.folder().kamiflow());
        if self.local.as_ref().map(|(watched, _)| watched) == identity.as_ref() {
            return;
        }
        let signs = self.signs.0.clone();
        let local = LocalWatch::start(self.session.folder(), move || _ = signs.send(Sign::Saved));
        self.local = match (local, identity) {
            (Ok(local), Some(identity)) => Some((identity, local)),
            (Err(error), Some(_)) => {
                self.voice
                    .trouble(format!("Saves are not noticed at once: {error}."));
                None
            }
            (_, None) => None,
        };
    }

    fn round(&mut self) -> Ended {
        let options = Options {
            device: &self.device,
            accept_deletions: false,
            progress: &Silent,
        };
        let result = self.session.sync(&*self.project, &options);
        self.position.set(self.session.cursor().unwrap_or_default());
        match result {
            Ok(report) => {
                self.voice.well(&report);
                Ended::Well(self.project.server().pause())
            }
            Err(error) => {
                self.voice.badly(&error);
                Ended::Badly(asked(&error))
            }
        }
    }
}

/// The pause that the server asks for.
fn asked(error: &SyncError) -> Duration {
    match error {
        SyncError::Remote(RemoteError::Wait { after, .. }) => *after,
        _ => Duration::ZERO,
    }
}

/// What tells a folder from another one that takes its place.
#[derive(Debug, PartialEq, Eq)]
struct Identity(String);

impl Identity {
    fn of(folder: &Path) -> Option<Self> {
        let metadata = fs::metadata(folder).ok()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Self(format!("{}-{}", metadata.dev(), metadata.ino())))
        }
        #[cfg(not(unix))]
        Some(Self(format!("{:?}", metadata.created().ok()?)))
    }
}
