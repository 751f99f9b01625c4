//! Every setting of the component: a line each with its name, type, default and rule.
//!
//! A value is asked for when a request first needs it, since each question is a call into the host,
//! and kept for the life of the instance. `spin.toml`, the README and `/v1/info` are held to this
//! table by tests.

mod bad_setting;
mod folders;
mod key;
mod login;
mod origins;
mod parse;

use std::cell::OnceCell;
use std::rc::Rc;

use ipnet::IpNet;

use crate::domain::{MAX_FILE_BYTES, PortablePaths, Rules, SyncFolders};
use folders::folders;

pub use bad_setting::BadSetting;
pub use key::Secret;
pub use login::Login;
pub use origins::CorsOrigins;
use origins::origins;
use parse::{is_on, networks, number, portable_paths, size};

/// Makes the accessors of [`Settings`] and the table for [`check`]. Each parser returns the broken
/// rule, worded to follow the name.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:literal, $parse:expr;)*) => {
        impl Settings {
            $($(#[$doc])*
            pub fn $name(&self) -> Result<$type, BadSetting> {
                if let Some(known) = self.known.$name.get() {
                    return Ok(known.clone());
                }
                let name = stringify!($name);
                let value = self.text(name)?;
                let parse: fn(&str) -> Result<$type, String> = $parse;
                let read = parse(&value).map_err(|rule| BadSetting { name, rule })?;
                Ok(self.known.$name.get_or_init(|| read).clone())
            })*
        }

        /// The values that were asked for.
        #[derive(Default)]
        struct KnownValues {
            $($name: OnceCell<$type>,)*
        }

        /// Name, default and rule of every setting.
        const TABLE: &[(&str, &str, fn(&str) -> Result<(), String>)] = &[$((
            stringify!($name),
            $default,
            |value| {
                let parse: fn(&str) -> Result<$type, String> = $parse;
                parse(value).map(drop)
            },
        )),*];
    };
}

settings! {
    /// The key that opens `/v1`; at least 16 bytes.
    api_key: Secret = "", key::required;
    /// A second key that works too while devices change over to a new one; empty for none.
    api_key_previous: Option<Secret> = "", key::optional;
    /// Origins whose pages may read answers in a browser.
    cors_origins: CorsOrigins = "*", origins;
    /// Whether there is a dashboard: `on` or `off`.
    dashboard: bool = "on", is_on;
    /// The password that opens the dashboard with the owner's rights; empty for none.
    dashboard_pass: Option<Secret> = "", login::password;
    /// The user name that goes with [`Settings::dashboard_pass`].
    dashboard_user: Option<Rc<str>> = "", login::user;
    /// Days for which the content of every replaced version is kept.
    history_days: u64 = "30", |value| number(value, 1..=36_500);
    /// Days for which the content of a deleted file is kept.
    history_deleted_days: u64 = "180", |value| number(value, 1..=36_500);
    /// Versions of a path that keep their content after [`Settings::history_days`].
    history_versions: u64 = "20", |value| number(value, 1..=1_000_000);
    /// The largest request body, as sent and inflated, in bytes.
    max_body_size: usize = "104857600", |value| size(value, 1024..=512 << 20);
    /// The largest file, decoded, in bytes.
    max_file_size: usize = "10485760", |value| size(value, 1..=MAX_FILE_BYTES);
    /// The most live files in one project.
    max_files_per_project: u64 = "100000", |value| number(value, 1..=10_000_000);
    /// What happens to a file whose name some system cannot hold: `report` or `refuse`.
    portable_paths: PortablePaths = "report", portable_paths;
    /// Requests that one client may make in a window.
    rate_limit_max_requests: u64 = "100", |value| number(value, 1..=u32::MAX as u64);
    /// The length of a rate window, in milliseconds.
    rate_limit_window_ms: u64 = "900000", |value| number(value, 1000..=86_400_000);
    /// The folders whose files are synced; `*` for any.
    sync_folders: SyncFolders = "archive,ideas,tasks", folders;
    /// The proxies whose `x-forwarded-for` is believed.
    trusted_proxies: Vec<IpNet> = "", networks;
}

/// Asks the host for a value; an error says why it cannot tell.
type Get = dyn Fn(&str) -> Result<Option<String>, String>;

/// The settings as a host gives them.
pub struct Settings {
    get: Box<Get>,
    known: KnownValues,
}

impl Settings {
    /// Settings whose values `get` returns, by the names of `spin.toml`: none where the default
    /// applies, an error where the host cannot tell.
    pub fn new(get: impl Fn(&str) -> Result<Option<String>, String> + 'static) -> Self {
        Self {
            get: Box::new(get),
            known: KnownValues::default(),
        }
    }

    /// What a push may store.
    pub fn rules(&self) -> Result<Rules, BadSetting> {
        Ok(Rules {
            max_files: self.max_files_per_project()?,
            folders: self.sync_folders()?,
            portable_paths: self.portable_paths()?,
        })
    }

    /// The user name and the password of the dashboard; none unless both are set.
    pub fn dashboard_login(&self) -> Result<Option<Login>, BadSetting> {
        login::pair(self.dashboard_user()?, self.dashboard_pass()?)
    }

    /// The value as the host gives it.
    fn text(&self, name: &'static str) -> Result<String, BadSetting> {
        let unavailable = |reason| BadSetting {
            name,
            rule: format!("is not available: {reason}"),
        };
        let value = (self.get)(name).map_err(unavailable)?;
        // The program drops what is empty itself; Spin hands it over.
        let value = value.filter(|value| !value.is_empty());
        Ok(value.unwrap_or_else(|| default(name).to_owned()))
    }
}

fn default(name: &str) -> &'static str {
    let row = TABLE.iter().find(|row| row.0 == name);
    row.map_or("", |row| row.1)
}

/// Checks all settings before a host serves a request. `get` returns the value of a setting.
pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), BadSetting> {
    TABLE.iter().try_for_each(|(name, default, parse)| {
        let value = get(name).unwrap_or_else(|| (*default).to_owned());
        parse(&value).map_err(|rule| BadSetting { name, rule })
    })?;
    let text = |name| get(name).filter(|text| !text.trim().is_empty());
    let [user, password] = ["dashboard_user", "dashboard_pass"].map(text);
    login::pair(
        user.as_deref().map(Rc::from),
        password.as_deref().map(Secret::from),
    )
    .map(drop)
}

/// Bytes of JSON around the content of one file, without its path.
const AROUND_CONTENT: u64 = 200;

/// Refuses a `MAX_FILE_SIZE` that no body of `MAX_BODY_SIZE` can carry. `get` returns the value of a
/// setting that has passed [`check`].
pub fn check_file_fits(get: impl Fn(&str) -> Option<String>) -> Result<(), BadSetting> {
    let size = |name| {
        let value = get(name).unwrap_or_else(|| default(name).to_owned());
        value.trim().parse::<u64>().unwrap_or_default()
    };
    let (name, body) = ("max_file_size", size("max_body_size"));
    // Base64 writes three bytes as four.
    let most = body.saturating_sub(AROUND_CONTENT) / 4 * 3;
    match size(name) {
        file if file <= most => Ok(()),
        file => Err(BadSetting {
            name,
            rule: format!(
                "is {file}, but a body of MAX_BODY_SIZE={body} carries a file of at most {most} \
                 bytes: lower the one or raise the other"
            ),
        }),
    }
}

/// The names of all settings with their defaults, as `spin.toml` has them.
pub fn defaults() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(name, default, _)| (*name, *default))
}

/// Checks a key by the rule of `API_KEY`. The error is worded to follow the name of the setting.
pub fn check_key(key: &str) -> Result<(), String> {
    key::required(key).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    /// The defaults, but for a key and for one setting.
    fn with<'a>(name: &'a str, value: &'a str) -> impl Fn(&str) -> Option<String> + use<'a> {
        move |asked| match asked {
            asked if asked == name => Some(value.to_owned()),
            "api_key" => Some(KEY.to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_bad_value_is_named() {
        assert_eq!(check(with("", "")), Ok(()));
        for (name, bad) in [
            ("api_key", " "),
            ("api_key", "abc"),
            ("api_key_previous", "short"),
            ("dashboard", "yes"),
            ("dashboard_pass", "admin"),
            ("max_body_size", "10MB"),
            ("max_file_size", "0"),
            ("max_files_per_project", "-1"),
            ("portable_paths", "yes"),
            ("rate_limit_max_requests", "1.5"),
            ("rate_limit_window_ms", ""),
            ("sync_folders", "ideas/"),
            ("trusted_proxies", "caddy"),
        ] {
            let error = check(with(name, bad)).unwrap_err().to_string();
            assert!(error.starts_with(&name.to_uppercase()), "{error}");
        }
        let error = check(with("api_key", "")).unwrap_err().to_string();
        assert_eq!(error, "API_KEY is not set");
        let error = check(with("dashboard_user", "ann")).unwrap_err();
        assert_eq!(error.name, "dashboard_pass");
    }

    #[test]
    fn a_key_has_no_blanks_around_it() {
        let get = with("api_key", " 0123456789abcdef\n");
        let settings = Settings::new(move |name| Ok(get(name)));
        assert_eq!(settings.api_key().unwrap().expose(), KEY);
        assert_eq!(settings.api_key_previous().unwrap(), None);
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        let settings = Settings::new(|_| Ok(Some(String::new())));
        assert_eq!(settings.history_days().unwrap(), 30);
        let folders = folders(default("sync_folders"));
        assert_eq!(settings.sync_folders().ok(), folders.ok());
    }

    #[test]
    fn the_host_is_asked_once_for_each_value() {
        let asked = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = asked.clone();
        let settings = Settings::new(move |_| {
            count.set(count.get() + 1);
            Ok(Some("7".to_owned()))
        });
        assert_eq!(settings.history_days().unwrap(), 7);
        assert_eq!(settings.history_days().unwrap(), 7);
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_file_that_no_body_can_carry_is_refused() {
        let sizes = |file: &str, body: &str| {
            check_file_fits(|name| {
                Some(if name == "max_file_size" { file } else { body }.to_owned())
            })
        };
        assert_eq!(sizes("3000", "5000"), Ok(()));
        let error = sizes("3000", "4000").unwrap_err().to_string();
        assert!(error.starts_with("MAX_FILE_SIZE is 3000"), "{error}");
        assert_eq!(check_file_fits(|_| None), Ok(()));
    }
}
