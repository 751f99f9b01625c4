//! The write-ahead log as a file, read without `SQLite` (<https://sqlite.org/walformat.html>).

use std::fs::File;
use std::io::ErrorKind::NotFound;
use std::io::{BufReader, Read, Result};
use std::num::NonZeroU32;
use std::path::Path;

use super::header::{self, Header, number};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Its last bit says how the checksums read their words.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

/// What the committed frames of a log say about the database that they belong to.
#[derive(Debug, Default)]
pub struct LogFile {
    /// Pages of the database after the oldest transaction; `None` when there is none.
    pub page_count: Option<u32>,
    /// The beginning of each version of the first page, oldest first.
    pub headers: Vec<Header>,
    /// Whether the transaction of the oldest of them wrote nothing else.
    pub is_oldest_alone: bool,
}

/// A reader that stands before the next frame.
struct Frames<R> {
    log: R,
    page: Vec<u8>,
    salts: [u8; 8],
    is_big_endian: bool,
    checksum: [u32; 2],
}

struct Frame {
    page_number: u32,
    /// Pages of the database after the transaction that ends with this frame.
    page_count: Option<NonZeroU32>,
}

impl LogFile {
    /// Empty when there is no log, or it has no committed frame.
    pub fn read(file: &Path) -> Result<Self> {
        let log = match File::open(file) {
            Err(error) if error.kind() == NotFound => return Ok(Self::default()),
            opened => BufReader::new(opened?),
        };
        Ok(Frames::begin(log).map_or_else(Self::default, Self::of))
    }

    fn of(mut frames: Frames<impl Read>) -> Self {
        let mut committed = Self::default();
        // Of the transaction that is being read.
        let (mut headers, mut length) = (Vec::new(), 0);
        while let Some(frame) = frames.next() {
            length += 1;
            if frame.page_number == 1 {
                headers.extend(frames.page.first_chunk().copied().map(Header));
            }
            if let Some(pages) = frame.page_count {
                if committed.headers.is_empty() {
                    committed.is_oldest_alone = length == 1;
                }
                committed.page_count.get_or_insert(pages.get());
                committed.headers.append(&mut headers);
                length = 0;
            }
        }
        committed
    }
}

impl<R: Read> Frames<R> {
    fn begin(mut log: R) -> Option<Self> {
        let mut header = [0; HEADER];
        log.read_exact(&mut header).ok()?;
        let (magic, page_size) = (number(&header, 0), number(&header, 8) as usize);
        let is_big_endian = magic & 1 == 1;
        let checksum = add([0, 0], &header[..24], is_big_endian);
        let is_valid = magic & !1 == MAGIC
            && number(&header, 4) == VERSION
            && page_size.is_power_of_two()
            && (header::LENGTH..=65_536).contains(&page_size)
            && checksum == [number(&header, 24), number(&header, 28)];
        is_valid.then(|| Self {
            log,
            page: vec![0; page_size],
            salts: eight(&header, 16),
            is_big_endian,
            checksum,
        })
    }

    /// The next frame, with its page; `None` at the first that is not of this log or torn.
    fn next(&mut self) -> Option<Frame> {
        let mut header = [0; FRAME_HEADER];
        self.log.read_exact(&mut header).ok()?;
        self.log.read_exact(&mut self.page).ok()?;
        let checksum = add(self.checksum, &header[..8], self.is_big_endian);
        self.checksum = add(checksum, &self.page, self.is_big_endian);
        let is_valid = eight(&header, 8) == self.salts
            && self.checksum == [number(&header, 16), number(&header, 20)];
        is_valid.then(|| Frame {
            page_number: number(&header, 0),
            page_count: NonZeroU32::new(number(&header, 4)),
        })
    }
}

fn add(mut sum: [u32; 2], bytes: &[u8], is_big_endian: bool) -> [u32; 2] {
    let (words, _) = bytes.as_chunks::<4>();
    let word = |bytes: [u8; 4]| {
        if is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    };
    for pair in words.chunks_exact(2) {
        sum[0] = sum[0].wrapping_add(word(pair[0])).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(word(pair[1])).wrapping_add(sum[0]);
    }
    sum
}

fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    std::array::from_fn(|i| bytes[at + i])
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn frames_are_read_as_sqlite_wrote_them_up_to_the_last_whole_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (folder.path().join("x.db"), folder.path().join("x.db-wal"));
        let connection = Connection::open(&file).unwrap();
        let run = |statements: &str| connection.execute_batch(statements).unwrap();
        run("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
        run("PRAGMA wal_checkpoint(TRUNCATE)");
        assert_eq!(LogFile::read(&log).unwrap().page_count, None);
        run("PRAGMA application_id = 7");
        run("INSERT INTO t VALUES (1)");
        run("PRAGMA application_id = 8; INSERT INTO t VALUES (zeroblob(9000))");
        let read = LogFile::read(&log).unwrap();
        let ids: Vec<u32> = read.headers.iter().map(Header::application_id).collect();
        assert_eq!(ids, [7, 8, 8]);
        assert!(read.page_count == Some(2) && read.is_oldest_alone);
        // The last transaction is torn.
        let mut bytes = std::fs::read(&log).unwrap();
        let end = bytes.len() - 1;
        bytes[end] ^= 1;
        let torn = folder.path().join("torn");
        std::fs::write(&torn, bytes).unwrap();
        assert_eq!(LogFile::read(&torn).unwrap().headers.len(), 2);
        std::fs::write(&torn, vec![0xa5; 100_000]).unwrap();
        assert_eq!(LogFile::read(&torn).unwrap().page_count, None);
    }
}
