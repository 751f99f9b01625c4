//! The name of this device, in the history and in the names of conflict copies.

/// The variable that goes before the name of the machine.
const NAME: &str = "KAMISYNC_DEVICE";

/// `KAMISYNC_DEVICE`, else the name of the machine.
pub fn name() -> String {
    chosen(std::env::var(NAME).ok(), of_machine().as_deref())
}

fn chosen(named: Option<String>, machine: Option<&str>) -> String {
    let named = named.filter(|name| !name.is_empty());
    let machine = || machine.and_then(short).map(str::to_owned);
    named
        .or_else(machine)
        .unwrap_or_else(|| "device".to_owned())
}

/// `laptop.local` and `laptop.example.com` are known as `laptop`.
fn short(machine: &str) -> Option<&str> {
    machine.split('.').next().filter(|name| !name.is_empty())
}

#[cfg(unix)]
fn of_machine() -> Option<String> {
    let system = rustix::system::uname();
    Some(system.nodename().to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn of_machine() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_given_goes_before_that_of_the_machine() {
        for (named, machine, name) in [
            (Some("my.phone"), Some("laptop"), "my.phone"),
            (Some(""), Some("laptop"), "laptop"),
            (None, Some("laptop.example.com"), "laptop"),
            (None, Some(".local"), "device"),
            (None, None, "device"),
        ] {
            assert_eq!(chosen(named.map(str::to_owned), machine), name);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_machine_is_called_as_its_system_says() {
        let said = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(of_machine().as_deref(), Some(said.trim_end()));
    }
}
