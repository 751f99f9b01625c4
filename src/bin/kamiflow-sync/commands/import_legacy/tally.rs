//! What became of the files of an import.

use crate::commands::counted::counted;

#[derive(Default)]
pub struct Tally {
    pub projects: u64,
    pub stored: u64,
    pub unchanged: u64,
    pub newer_here: u64,
    pub refused: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.projects += other.projects;
        self.stored += other.stored;
        self.unchanged += other.unchanged;
        self.newer_here += other.newer_here;
        self.refused += other.refused;
    }

    pub fn summary(&self) -> String {
        let Self {
            projects,
            stored,
            unchanged,
            newer_here,
            refused,
        } = self;
        let projects = counted(projects, "project");
        let stored = counted(stored, "file");
        format!(
            "{projects}: {stored} stored, {unchanged} unchanged, {newer_here} newer here, \
             {refused} refused"
        )
    }
}
