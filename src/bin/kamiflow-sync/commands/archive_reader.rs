//! Reads the members of a tar file that anybody may have made.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, ensure};

use super::archive::FOLDER;

/// Bytes of the longest name: the folder, and the longest path of a file.
const MAX_NAME: usize = FOLDER.len() + 1024;
/// Bytes of everything that stands before the content of a member. The name can be as long as the
/// file says, and the tar reader takes all of it into memory.
const MAX_HEAD: u64 = 64 << 10;

pub type Member<'a> = tar::Entry<'a, HeadLimit<BufReader<File>>>;

/// Calls `visit` with the name of each member and the member, until it returns a value.
pub fn find_member<T>(
    file: &Path,
    mut visit: impl FnMut(&str, &mut Member) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let shown = file.display();
    let opened = File::open(file).with_context(|| format!("cannot read {shown}"))?;
    let left = Rc::new(Cell::new(MAX_HEAD));
    let mut tar = tar::Archive::new(HeadLimit {
        inner: BufReader::new(opened),
        left: left.clone(),
    });
    // Content is skipped without being read, so only heads are read between two members.
    for member in tar.entries_with_seek().map_err(|_| no_archive(file))? {
        // The error would show bytes of a file that may be anything.
        let mut member = member.map_err(|_| no_archive(file))?;
        let name = member.path_bytes();
        ensure!(
            name.len() <= MAX_NAME,
            "{shown} has a name of {} bytes: 'export' writes none over {MAX_NAME}",
            name.len()
        );
        let name = String::from_utf8_lossy(&name).into_owned();
        left.set(u64::MAX);
        if let Some(found) = visit(&name, &mut member)? {
            return Ok(Some(found));
        }
        left.set(MAX_HEAD);
    }
    Ok(None)
}

fn no_archive(file: &Path) -> anyhow::Error {
    anyhow!(
        "{} is not a tar file that 'kamiflow-sync export' wrote, or it is damaged: export the project again",
        file.display()
    )
}

/// Fails when more than `left` bytes are read.
pub struct HeadLimit<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for HeadLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        let left = left.ok_or_else(|| io::Error::other("a name in it is too long"))?;
        self.left.set(left);
        Ok(read)
    }
}

impl<R: Seek> Seek for HeadLimit<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
