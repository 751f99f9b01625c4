//! `fermyon:spin/variables@2.0.0`.

use super::bindings::fermyon::spin::variables::{Error, Host};
use super::state::PlatformState;

impl Host for PlatformState {
    fn get(&mut self, name: String) -> Result<String, Error> {
        if let Err(reason) = check_name(&name) {
            return Err(Error::InvalidName(format!("{name:?}: {reason}")));
        }
        let value = self.shared.variables.get(&name);
        value.ok_or_else(|| Error::Undefined(format!("no variable for {name:?}")))
    }
}

/// Spin's rules and messages (`crates/expressions/src/lib.rs`).
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let reason = if name.is_empty() {
        "must not be empty"
    } else if let Some(invalid) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "invalid character {invalid:?}. Variable names may contain only lower-case letters, \
             numbers, and underscores."
        ));
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lowercase ASCII letter"
    } else if name.ends_with('_') {
        "must end with a lowercase ASCII letter or digit"
    } else if name.contains("__") {
        "must not contain multiple consecutive underscores"
    } else {
        return Ok(());
    };
    Err(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::test_support;
    use super::*;

    fn get(name: &str) -> Result<String, Error> {
        Host::get(&mut test_support::platform(), name.to_owned())
    }

    #[test]
    fn a_variable_has_its_value() {
        assert_eq!(get("size").unwrap(), "10");
    }

    #[test]
    fn an_unknown_name_is_undefined() {
        assert!(matches!(get("nothing"), Err(Error::Undefined(_))));
    }

    #[test]
    fn a_name_that_a_manifest_cannot_have_is_invalid() {
        for name in ["", "Size", "9a", "a_", "a__b", "a-b", "ä"] {
            assert!(matches!(get(name), Err(Error::InvalidName(_))), "{name:?}");
        }
    }
}
