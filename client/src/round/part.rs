//! What goes up together, as it is on the disk now.

use rayon::prelude::*;

use super::Round;
use crate::apply::is_absent;
use crate::plan::Edit;
use crate::remote::{Delete, Push, Put};
use crate::scan::{Content, Local, read_again};

/// A push with what is known of its files.
#[derive(Default)]
pub(super) struct Part {
    pub push: Push,
    pub files: Vec<Local>,
}

impl Part {
    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.push.puts.is_empty() && self.push.deletes.is_empty()
    }
}

impl Round<'_> {
    /// Reads the files as they are now. What is no longer as it was looked at comes with another round.
    pub(super) fn part(&mut self, edits: &[Edit]) -> Part {
        let (folder, now) = (self.folder, self.disk.now);
        let read = |edit: &Edit| {
            let place = folder.place(&edit.path);
            edit.size.and_then(|_| read_again(&place, now))
        };
        let contents = edits.par_iter().map(read);
        let contents: Vec<Option<Content>> = contents.collect();
        let mut part = Part::default();
        part.push.is_first = self.state.entries.values().all(|entry| entry.rev == 0);
        for (edit, content) in edits.iter().zip(contents) {
            match content {
                Some(content) => self.add_put(&mut part, edit, content),
                None if edit.size.is_none() && is_absent(&self.disk, &edit.path) => {
                    part.push.deletes.push(Delete {
                        path: edit.path.clone(),
                        base: edit.base,
                    });
                }
                None => self.is_outdated = true,
            }
        }
        part
    }

    fn add_put(&mut self, part: &mut Part, edit: &Edit, content: Content) {
        let files = &mut self.scan.files;
        files.insert(edit.path.clone(), content.local.clone());
        part.push.puts.push(Put {
            path: edit.path.clone(),
            base: edit.base,
            checksum: content.local.checksum.clone(),
            modified: content.local.modified,
            content: content.bytes,
        });
        part.files.push(content.local);
    }
}
