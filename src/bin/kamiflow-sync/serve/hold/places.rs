//! How many may wait at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kamiflow_sync_component::api::waiting::hold::NoPlace;
use prometheus_client::metrics::gauge::Gauge;

/// Clones share the places.
#[derive(Clone, Debug)]
pub struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// How many are taken.
    gauge: Gauge,
    taken: HashMap<String, usize>,
}

/// The place of one who waits, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    caller: String,
}

impl Places {
    pub fn new(count: usize, gauge: Gauge) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: count,
            gauge,
            taken: HashMap::new(),
        })))
    }

    /// A place for this caller, of whose own at most `most` may be taken.
    pub fn take(&self, caller: &str, most: usize) -> Result<Place, NoPlace> {
        let mut state = self.state();
        let taken = state.taken.get(caller).copied().unwrap_or(0);
        if taken >= most {
            return Err(NoPlace::ForKey);
        }
        if state.free == 0 {
            return Err(NoPlace::ForAnybody);
        }
        state.free -= 1;
        state.gauge.inc();
        state.taken.insert(caller.to_owned(), taken + 1);
        Ok(Place {
            places: self.clone(),
            caller: caller.to_owned(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.free += 1;
        state.gauge.dec();
        match state.taken.get_mut(&self.caller) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(state.taken.remove(&self.caller)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_limit_for_all_and_one_for_each_caller() {
        let gauge = Gauge::default();
        let places = Places::new(3, gauge.clone());
        let a = [places.take("a", 2).unwrap(), places.take("a", 2).unwrap()];
        assert_eq!(places.take("a", 2).err(), Some(NoPlace::ForKey));
        let b = places.take("b", usize::MAX).unwrap();
        let refused = places.take("b", usize::MAX).err();
        assert_eq!(refused, Some(NoPlace::ForAnybody));
        assert_eq!(gauge.get(), 3);
        drop(a);
        assert!(places.take("a", 2).is_ok() && places.take("b", 2).is_ok());
        drop(b);
        assert!(places.state().taken.is_empty());
        assert_eq!((places.state().free, gauge.get()), (3, 0));
    }
}
