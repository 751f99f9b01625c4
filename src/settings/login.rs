//! The user name and the password of the dashboard. No rule repeats the password.

use std::rc::Rc;

use super::bad_setting::BadSetting;
use super::key::Secret;

/// Shortest password that is accepted, in characters.
const MIN_LENGTH: usize = 12;
/// The original server's default, for the name and the password.
const OF_ORIGINAL: &str = "admin";

/// What signs in to the dashboard with the owner's rights.
pub struct Login {
    /// The user name.
    pub user: Rc<str>,
    /// The password.
    pub password: Secret,
}

pub(super) fn user(value: &str) -> Result<Option<Rc<str>>, String> {
    let user = value.trim();
    if user.contains(char::is_control) {
        Err("must not contain a control character".to_owned())
    } else {
        Ok((!user.is_empty()).then(|| user.into()))
    }
}

/// A password that a stranger could guess is refused.
pub(super) fn password(value: &str) -> Result<Option<Secret>, String> {
    let password = value.trim();
    if password.is_empty() {
        return Ok(None);
    }
    if password.eq_ignore_ascii_case(OF_ORIGINAL) {
        return Err("is the original server's default, which everybody knows: choose another, or leave it empty and sign in with a key".to_owned());
    }
    if password.chars().count() < MIN_LENGTH {
        return Err(format!(
            "is shorter than {MIN_LENGTH} characters: choose a longer one, or leave it empty and sign in with a key"
        ));
    }
    Ok(Some(password.into()))
}

/// One without the other is a mistake.
pub(super) fn pair(
    user: Option<Rc<str>>,
    password: Option<Secret>,
) -> Result<Option<Login>, BadSetting> {
    let missing = |name, other| {
        let rule = format!("is not set, but {other} is: set both or none");
        Err(BadSetting { name, rule })
    };
    match (user, password) {
        (None, None) => Ok(None),
        (Some(user), Some(password)) => Ok(Some(Login { user, password })),
        (None, Some(_)) => missing("dashboard_user", "DASHBOARD_PASS"),
        (Some(_), None) => missing("dashboard_pass", "DASHBOARD_USER"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_anybody_could_guess_is_refused_and_never_repeated() {
        for (bad, reason) in [
            ("admin", "original server's default"),
            ("Admin", "original server's default"),
            ("hunter2", "shorter than 12"),
            ("11 letters ", "shorter than 12"),
        ] {
            let rule = password(bad).unwrap_err();
            assert!(rule.contains(reason) && !rule.contains(bad), "{rule}");
        }
        assert_eq!(password(" ").unwrap(), None);
        let good = password("mười hai chữ").unwrap().unwrap();
        assert_eq!(good.expose(), "mười hai chữ");
    }

    #[test]
    fn a_name_and_a_password_go_together() {
        let (user, password) = (|| Some("a".into()), || Some("b".into()));
        assert!(pair(None, None).unwrap().is_none());
        assert!(pair(user(), password()).unwrap().is_some());
        for (user, password, name) in [
            (user(), None, "dashboard_pass"),
            (None, password(), "dashboard_user"),
        ] {
            assert_eq!(pair(user, password).err().unwrap().name, name);
        }
    }
}
