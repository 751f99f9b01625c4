//! Which texts must not be lost.

use std::collections::BTreeSet;

/// The texts of all persons.
#[derive(Default)]
pub struct Ledger {
    /// Saved, and seen by a complete round.
    required: BTreeSet<String>,
    /// Saved on a device, and not yet seen there: the person may still overwrite them.
    fresh: Vec<BTreeSet<String>>,
    /// Moved on a device since its last round began: that round may have looked in the wrong folder.
    moved: Vec<BTreeSet<String>>,
}

impl Ledger {
    /// For so many devices.
    pub fn new(devices: usize) -> Self {
        Self {
            required: BTreeSet::new(),
            fresh: vec![BTreeSet::new(); devices],
            moved: vec![BTreeSet::new(); devices],
        }
    }

    /// A person saves a text.
    pub fn saved(&mut self, device: usize, text: &str) {
        self.fresh[device].insert(text.to_owned());
    }

    /// A person overwrites or deletes what is there. Nobody else can have a text that no round has seen.
    pub fn overwritten(&mut self, device: usize, text: Option<String>) {
        if let Some(text) = text {
            self.fresh[device].remove(&text);
        }
    }

    /// A person renames a file with this text.
    pub fn moved(&mut self, device: usize, text: Option<String>) {
        self.moved[device].extend(text);
    }

    /// The texts that a round, which begins now, will see.
    pub fn unseen(&mut self, device: usize) -> BTreeSet<String> {
        self.moved[device].clear();
        self.fresh[device].clone()
    }

    /// A complete round has seen these texts, except those that it could not sync.
    pub fn seen(&mut self, device: usize, texts: BTreeSet<String>, left: &BTreeSet<String>) {
        for text in texts {
            let is_certain = !left.contains(&text) && !self.moved[device].contains(&text);
            if is_certain && self.fresh[device].remove(&text) {
                self.required.insert(text);
            }
        }
    }

    /// The first text that is nowhere.
    pub fn lost(&self, found: &BTreeSet<String>) -> Option<&String> {
        self.required.iter().find(|text| !found.contains(*text))
    }

    /// How many texts must be somewhere.
    pub fn len(&self) -> usize {
        self.required.len()
    }
}
