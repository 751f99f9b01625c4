//! Watches one folder: waits for a sign of a change, does a round, and again.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::local::LocalWatch;
use super::places::Places;
use super::schedule::{Ended, Schedule};
use super::sight::Sight;
use super::spare_memory;
use super::voice::Voice;
use crate::absence::Answer;
use crate::commands::{device, open, round};
use crate::config::Folder;
use crate::error::SyncError;
use crate::remote::RemoteError;
use crate::report::{Report, Silent};
use crate::round::{News, Options, Session};
use crate::scan::Touched;
use crate::transport::{Position, Project, follow};

/// A sign that something may have changed.
enum Sign {
    /// Here.
    Saved,
    /// On the server, whose change feed ends at this cursor.
    Told(Option<String>),
}

/// A folder that is watched. No other program syncs it meanwhile.
pub struct Watched {
    root: PathBuf,
    device: String,
    voice: Voice,
    signs: (Sender<Sign>, Receiver<Sign>),
    position: Arc<Position>,
    /// The project, which the thread that follows it asks for at each connection.
    project: Arc<Mutex<Arc<Project>>>,
    /// None while the folder cannot be used, and after a round that failed.
    here: Option<Here>,
    /// The server may have something new for the next round.
    is_told: bool,
}

/// The folder that is there now, with its settings.
struct Here {
    sight: Sight,
    session: Session,
    local: Option<LocalWatch>,
    touched: Places,
    /// Folders that could not be read, which the system does not watch.
    unread: BTreeSet<String>,
}

impl Watched {
    /// Takes the folder for this program.
    pub fn open(folder: &Folder) -> Result<Self> {
        let project = Arc::new(open::project(folder)?);
        let mut watched = Self {
            voice: Voice::new(&folder.root),
            root: folder.root.clone(),
            device: device::name(),
            signs: channel(),
            position: Arc::default(),
            project: Arc::new(Mutex::new(project)),
            here: None,
            is_told: true,
        };
        watched.look_around()?;
        Ok(watched)
    }

    /// Keeps the folder in sync, for ever.
    pub fn run(mut self) {
        self.follow();
        let mut schedule = Schedule::new(Instant::now());
        loop {
            self.wait(&mut schedule);
            let result = self.round();
            self.is_told = result.is_err();
            let ended = match result {
                Ok(report) => {
                    self.voice.well(&report);
                    spare_memory::give_back(&report);
                    Ended::Well(self.project().server().pause())
                }
                Err(error) => {
                    // Meanwhile a person may sync here, as with --accept-deletions.
                    self.here = None;
                    let asked = asked(&error);
                    self.voice.badly(&error);
                    Ended::Badly(asked)
                }
            };
            let local = self.here.as_ref().and_then(|here| here.local.as_ref());
            schedule.ended(ended, local.is_some(), Instant::now());
        }
    }

    fn project(&self) -> Arc<Project> {
        current(&self.project)
    }

    /// Hears of changes on the server.
    fn follow(&self) {
        let (project, position) = (Arc::clone(&self.project), Arc::clone(&self.position));
        let signs = self.signs.0.clone();
        let look = move |cursor| _ = signs.send(Sign::Told(cursor));
        thread::spawn(move || follow(|| current(&project), &position, look));
    }

    /// Waits until the next round is due.
    fn wait(&mut self, schedule: &mut Schedule) {
        let mut is_saved = false;
        loop {
            let left = schedule.due().saturating_duration_since(Instant::now());
            match self.signs.1.recv_timeout(left) {
                Ok(Sign::Saved) => {
                    is_saved = true;
                    schedule.saved(Instant::now());
                }
                // The last round has got there already, as after a push of this device.
                Ok(Sign::Told(cursor)) if cursor.is_some() && cursor == self.position.get() => {}
                Ok(Sign::Told(_)) => {
                    self.is_told = true;
                    schedule.told(Instant::now());
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        // A round without any sign is to find what was not told.
        self.is_told |= !is_saved;
    }

    fn round(&mut self) -> Result<Report> {
        self.look_around()?;
        let project = self.project();
        let Some(here) = &mut self.here else {
            anyhow::bail!("The folder does not exist: waiting for it.");
        };
        let options = Options {
            device: &self.device,
            answer: Answer::None,
            progress: &Silent,
        };
        let news = News {
            here: match here.local {
                Some(_) => here.touched.take(Instant::now()),
                None => Touched::Anything,
            },
            there: self.is_told,
        };
        let result = here.session.sync_news(&*project, &options, &news);
        self.position.set(here.session.cursor().unwrap_or_default());
        let report = result?;
        if here.unread != report.unread {
            here.unread.clone_from(&report.unread);
            here.local = listen(
                &here.touched,
                &self.signs.0,
                here.session.folder(),
                &self.voice,
            );
            // What was saved before it was watched is not told.
            _ = self.signs.0.send(Sign::Saved);
            here.touched.tell(Touched::Anything);
        }
        Ok(report)
    }

    /// Begins anew when the folder is another one, or was linked or set up otherwise.
    fn look_around(&mut self) -> Result<()> {
        // Before the settings are read: those that are written meanwhile look different next time.
        let sight = Sight::of(&self.root);
        if self.here.as_ref().map(|here| &here.sight) == sight.as_ref() {
            return Ok(());
        }
        // Its lock must be free before it is taken again.
        self.here = None;
        if let Some(sight) = sight {
            let folder = Folder::open(&self.root)?;
            let project = Arc::new(open::project(&folder)?);
            *self.project.lock().unwrap_or_else(PoisonError::into_inner) = project;
            self.enter(folder, sight)?;
        }
        Ok(())
    }

    fn enter(&mut self, folder: Folder, sight: Sight) -> Result<()> {
        let touched = Places::default();
        let local = listen(&touched, &self.signs.0, &folder, &self.voice);
        let session = round::open(folder)?;
        self.position.set(session.cursor()?);
        self.is_told = true;
        self.here = Some(Here {
            sight,
            session,
            local,
            touched,
            unread: BTreeSet::new(),
        });
        Ok(())
    }
}

/// Hears of what is saved in a folder, if the system tells it.
fn listen(
    touched: &Places,
    signs: &Sender<Sign>,
    folder: &Folder,
    voice: &Voice,
) -> Option<LocalWatch> {
    let signs = signs.clone();
    let saved = touched.listener(move || _ = signs.send(Sign::Saved));
    let local = LocalWatch::start(folder, saved);
    local.map_err(|error| voice.blind(&error)).ok()
}

fn current(project: &Mutex<Arc<Project>>) -> Arc<Project> {
    Arc::clone(&project.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The pause that the server asks for.
fn asked(error: &anyhow::Error) -> Duration {
    match error.downcast_ref() {
        Some(SyncError::Remote(RemoteError::Wait { after, .. })) => *after,
        _ => Duration::ZERO,
    }
}
