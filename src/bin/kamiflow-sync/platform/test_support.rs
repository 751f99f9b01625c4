//! A platform for unit tests, without a guest.

use std::sync::Arc;

use super::labels::Labels;
use super::memory_pool::Pool;
use super::shared::Shared;
use super::state::PlatformState;
use super::turns::Turns;
use super::values::Variables;

fn labels<T: Default>() -> Labels<T> {
    let defined = ["default", "exists"].map(|label| (label.to_owned(), Arc::default()));
    let granted = ["default", "granted"].map(str::to_owned);
    Labels {
        granted: granted.into(),
        defined: defined.into(),
    }
}

/// `default` works, `granted` is not defined, `exists` is not granted; all in memory.
pub fn platform() -> PlatformState {
    let shared = Arc::new(Shared {
        databases: labels(),
        stores: labels(),
        variables: Variables::new([("size".to_owned(), "10".to_owned())].into()),
        memory: Pool::new(0),
        turns: Turns::new(1),
    });
    PlatformState::new(shared, usize::MAX)
}
