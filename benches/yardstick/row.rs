//! A row: the same requests to any server, and the reference that they are compared with.

use crate::load::{Round, Target};

/// Sends the requests of a row to a server once; the number is that of the round.
type Requests<'a> = Box<dyn Fn(&Target, u64) -> Round + 'a>;
/// Does what the machine can do at most once.
type Reference<'a> = Box<dyn FnMut() -> Round + 'a>;

/// What is measured, and its results.
pub struct Row<'a> {
    /// Its letter and what is asked.
    pub name: &'static str,
    /// Of the values: `s` for a duration, else a rate.
    pub unit: &'static str,
    /// The results of each round: of the server, and of what it is compared with.
    pub results: Vec<(Round, Round)>,
    requests: Requests<'a>,
    reference: Reference<'a>,
}

impl<'a> Row<'a> {
    /// A row without results.
    pub fn new(
        name: &'static str,
        unit: &'static str,
        requests: impl Fn(&Target, u64) -> Round + 'a,
        reference: impl FnMut() -> Round + 'a,
    ) -> Self {
        Self {
            name,
            unit,
            results: Vec::new(),
            requests: Box::new(requests),
            reference: Box::new(reference),
        }
    }

    /// Measures the server and what it is compared with: the baseline, or the reference. Two servers
    /// take turns in being first.
    pub fn measure(&mut self, server: &Target, baseline: Option<&Target>, round: u64) {
        let result = match baseline {
            None => ((self.requests)(server, round), (self.reference)()),
            Some(other) if round.is_multiple_of(2) => (
                (self.requests)(server, round),
                (self.requests)(other, round),
            ),
            Some(other) => {
                let other = (self.requests)(other, round);
                ((self.requests)(server, round), other)
            }
        };
        self.results.push(result);
    }
}
