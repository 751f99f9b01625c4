//! The places of those who wait in one instance.
//!
//! They are counted in the `memory` store, each in the window of time in which it ends. Those that are counted together go
//! on together: for a thousand that each moved their own place, that was a fifth of what they cost while nothing happened.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::counters::{CounterError, Counters};

/// The places that are taken, by what they are counted in.
#[derive(Default)]
pub struct Places(RefCell<BTreeMap<String, Rc<Taken>>>);

/// Places that are counted together, and so in the same window.
struct Taken {
    count: String,
    window: Cell<u64>,
    places: Cell<u64>,
}

/// One of them. What is dropped and not given back is counted until its window is over.
pub struct Place(Rc<Taken>);

impl Places {
    /// Takes one more, and counts it and those that are counted with it in this window.
    pub fn take(
        &self,
        memory: &dyn Counters,
        count: &str,
        window: u64,
    ) -> Result<Place, CounterError> {
        let mut all = self.0.borrow_mut();
        all.retain(|_, taken| taken.places.get() > 0);
        let none = || Rc::new(Taken::none(count));
        let taken = all.entry(count.to_owned()).or_insert_with(none);
        taken.move_to(memory, window)?;
        memory.add(&key(count, window), 1)?;
        taken.places.update(|places| places + 1);
        Ok(Place(taken.clone()))
    }
}

impl Place {
    /// Counts it and those that are counted with it in another window.
    pub fn move_to(&self, memory: &dyn Counters, window: u64) -> Result<(), CounterError> {
        self.0.move_to(memory, window)
    }

    /// Is taken no longer.
    pub fn give_back(&self, memory: &dyn Counters) -> Result<(), CounterError> {
        give_back(memory, &self.0.count, self.0.window.get(), 1)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.places.update(|places| places - 1);
    }
}

impl Taken {
    fn none(count: &str) -> Self {
        Self {
            count: count.to_owned(),
            window: Cell::default(),
            places: Cell::default(),
        }
    }

    fn move_to(&self, memory: &dyn Counters, window: u64) -> Result<(), CounterError> {
        let (before, places) = (self.window.get(), self.places.get());
        if window == before || places == 0 {
            self.window.set(window);
            return Ok(());
        }
        memory.add(&key(&self.count, window), places as i64)?;
        self.window.set(window);
        give_back(memory, &self.count, before, places)
    }
}

/// How many are counted in a window, in all instances.
pub fn counted(memory: &dyn Counters, count: &str, window: u64) -> Result<u64, CounterError> {
    let counted = memory.get(&key(count, window))?;
    Ok(counted.unwrap_or(0).max(0) as u64)
}

/// Forgets a window.
pub fn forget(memory: &dyn Counters, count: &str, window: u64) -> Result<(), CounterError> {
    memory.delete(&key(count, window))
}

/// A window in which nobody is left takes no memory.
fn give_back(
    memory: &dyn Counters,
    count: &str,
    window: u64,
    places: u64,
) -> Result<(), CounterError> {
    let key = key(count, window);
    if memory.add(&key, -(places as i64))? <= 0 {
        memory.delete(&key)?;
    }
    Ok(())
}

fn key(count: &str, window: u64) -> String {
    format!("waiting/{count}/{window}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::test_support::InMemory;

    #[test]
    fn those_of_an_instance_go_on_together_without_one_that_was_dropped() {
        let memory = InMemory::default();
        let (instance, other) = (Places::default(), Places::default());
        let take = |places: &Places| places.take(&memory, "a", 1).unwrap();
        let [first, second, dropped] = [(); 3].map(|()| take(&instance));
        let _of_another_instance = take(&other);
        drop(dropped);
        let counted = || [1, 2].map(|window| counted(&memory, "a", window).unwrap());
        assert_eq!(counted(), [4, 0]);
        for place in [&first, &second] {
            place.move_to(&memory, 2).unwrap();
            assert_eq!(counted(), [2, 2]);
        }
        for place in [first, second] {
            place.give_back(&memory).unwrap();
        }
        assert_eq!(counted(), [2, 0]);
        assert_eq!(memory.get(&key("a", 2)).unwrap(), None);
    }

    #[test]
    fn one_more_takes_the_others_along() {
        let (memory, places) = (InMemory::default(), Places::default());
        let _first = places.take(&memory, "a", 1).unwrap();
        let _second = places.take(&memory, "a", 2).unwrap();
        let _other = places.take(&memory, "b", 3).unwrap();
        let counted = |count| [1, 2, 3].map(|window| counted(&memory, count, window).unwrap());
        assert_eq!((counted("a"), counted("b")), ([0, 2, 0], [0, 0, 1]));
    }
}
