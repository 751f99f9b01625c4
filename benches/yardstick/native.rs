//! A reference for pushes and pages: the same store natively, with the same durability, but without
//! HTTP, JSON requests or WebAssembly.

use std::time::{Duration, Instant};

use kamiflow_sync_component::domain::{
    Checksum, Content, FilePath, PortablePaths, ProjectId, Push, Put, Rev, Rules, SyncFolders,
};
use kamiflow_sync_component::store::{Entries, Error, PAGE_BYTES, PageQuery, PushTo, Store};
use kamiflow_sync_component::wire::page::{PageWriter, PulledFile};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::content::File;
use crate::load::Round;

/// As the measured server has them, for more files than any row stores.
pub const RULES: Rules = Rules {
    max_files: 10_000_000,
    folders: SyncFolders::Any,
    portable_paths: PortablePaths::Report,
};

/// A database with one project.
pub struct Native {
    store: Store,
    id: ProjectId,
    now_us: Rev,
    _folder: TempDir,
}

impl Native {
    /// An empty database, on the same disk as that of the server.
    pub fn new() -> Result<Self, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("native.db")).expect("a database");
        let durable = connection.pragma_update(None, "synchronous", "FULL");
        durable.expect("a pragma");
        Ok(Self {
            store: Store::open(connection)?,
            id: ProjectId::parse("native".to_owned()).expect("an id"),
            now_us: 1_760_000_000_000_000,
            _folder: folder,
        })
    }

    /// A database with this many files, pushed a hundred at a time.
    pub fn of(files: usize, size: usize) -> Result<Self, Error> {
        let mut native = Self::new()?;
        for _ in 0..files / 100 {
            native.push(&File::many(100, size))?;
        }
        Ok(native)
    }

    /// Stores files in one transaction and returns how long that took.
    pub fn push(&mut self, files: &[File]) -> Result<Duration, Error> {
        let push = Push {
            puts: files.iter().map(put).collect(),
            ..Push::default()
        };
        self.now_us += 1_000_000;
        let start = Instant::now();
        self.store
            .write(|store| store.push(&push, &PushTo::new(&self.id, self.now_us, &RULES)))?;
        Ok(start.elapsed())
    }

    /// Pushes one file after the other for a while; `value` becomes pushes per second.
    pub fn rate(&mut self, time: Duration, file: impl Fn() -> File) -> Result<Round, Error> {
        let (mut round, mut spent) = (Round::default(), Duration::ZERO);
        while spent < time {
            let took = self.push(&[file()])?;
            spent += took;
            round.latencies.push(took);
        }
        round.value = round.latencies.len() as f64 / round.seconds();
        Ok(round)
    }

    /// The first page of a hundred files after a rev as JSON, and the `since` of the next page.
    pub fn page(&self, since: Rev) -> Result<(Vec<u8>, Option<Rev>), Error> {
        let query = PageQuery {
            since,
            limit: 100,
            max_bytes: Some(PAGE_BYTES),
            entries: Entries::LiveFiles,
        };
        let page = self.store.page(&self.id, &query)?.expect("a project");
        let mut writer = PageWriter::new("files", page.content_bytes());
        for change in &page.changes {
            let file = PulledFile::from(&change.version);
            writer.push(&file, change.bytes.as_deref());
        }
        let last = page.changes.last().map(|change| change.version.rev);
        let json = writer.finish(page.has_more, &page.project.cursor().to_string());
        Ok((json, last.filter(|_| page.has_more)))
    }
}

/// The checksum is known already: hashing is no work of the database.
fn put(file: &File) -> Put {
    Put {
        path: FilePath::parse(&file.path).expect("a path"),
        checksum: Checksum::from_bytes(&file.checksum).expect("32 bytes"),
        modified: 1_760_000_000_000,
        base: None,
        size: file.bytes.len() as u64,
        content: Content::New(file.bytes.clone()),
    }
}
