//! The name of this device, in the history and in the names of conflict copies.

/// The variable that goes before the name of the machine.
const NAME: &str = "KAMISYNC_DEVICE";

/// `KAMISYNC_DEVICE`, else the name of the machine.
pub fn name() -> String {
    let named = std::env::var(NAME).ok().filter(|name| !name.is_empty());
    named
        .or_else(of_machine)
        .unwrap_or_else(|| "device".to_owned())
}

#[cfg(unix)]
fn of_machine() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    // `laptop.local` and `laptop.example.com` are known as `laptop`.
    let short = name.split('.').next().unwrap_or_default();
    Some(short.to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn of_machine() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[test]
fn a_machine_has_a_name() {
    assert!(!name().is_empty());
}
