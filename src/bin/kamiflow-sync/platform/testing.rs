//! A platform for unit tests, without a guest.

use std::sync::Arc;

use super::labels::Labels;
use super::shared::Shared;
use super::state::PlatformState;

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
    PlatformState::new(Arc::new(Shared {
        databases: labels(),
        stores: labels(),
        variables: [("size".to_owned(), "10".to_owned())].into(),
    }))
}
