//! What keeps Windows, macOS or Linux from holding a name. `docs/portability.md` has the source of
//! each rule.

/// Windows finds devices under these names in every folder.
const DEVICES: [&str; 6] = ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"];
/// Windows finds ports under these names with a digit behind them.
const PORTS: [&str; 2] = ["COM", "LPT"];
/// What Windows takes for the digit of a port.
const DIGITS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"];
/// No name on Windows has these, nor slashes, backslashes and control characters, which no path has.
const CHARACTERS: [char; 7] = ['<', '>', ':', '"', '|', '?', '*'];
/// Units of UTF-16 in a path: the 260 of Windows without `C:\`, `.kamiflow\` and a zero at the end.
const MAX_UNITS: usize = 246;

/// What keeps some system from holding a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A character that Windows does not take.
    Character,
    /// A segment that ends with a dot or a blank, which Windows leaves out.
    Ending,
    /// A segment that means a device on Windows.
    Device,
    /// More units of UTF-16 than Windows takes in a path.
    Length,
}

impl Fault {
    /// What is wrong, worded to follow the name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Character => "has a character that Windows does not take (< > : \" | ? *)",
            Self::Ending => "has a part that ends with a dot or a blank, which Windows leaves out",
            Self::Device => "has a part that means a device on Windows, such as CON or COM1",
            Self::Length => "is longer than the 246 units of UTF-16 that Windows takes",
        }
    }
}

/// Every fault of the path of a file. A segment over 255 bytes, which no system takes, is in no path.
pub fn faults(path: &str) -> Vec<Fault> {
    let has = |is_bad: fn(&str) -> bool| path.split('/').any(is_bad);
    let found = [
        (Fault::Character, path.contains(CHARACTERS)),
        (Fault::Ending, has(|segment| segment.ends_with(['.', ' ']))),
        (Fault::Device, has(is_device)),
        (Fault::Length, is_long(path)),
    ];
    let found = found.into_iter().filter(|(_, is_there)| *is_there);
    found.map(|(fault, _)| fault).collect()
}

/// Whether it is a device, also with an extension, and with blanks before it: `NUL .txt` is `NUL`.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_uppercase();
    let digit = PORTS.iter().find_map(|port| stem.strip_prefix(port));
    DEVICES.contains(&stem.as_str()) || digit.is_some_and(|digit| DIGITS.contains(&digit))
}

/// No text has more units of UTF-16 than bytes of UTF-8.
fn is_long(path: &str) -> bool {
    path.len() > MAX_UNITS && path.encode_utf16().count() > MAX_UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_system_cannot_hold_has_a_fault() {
        use Fault::*;
        for (path, expected) in [
            ("ideas/What is an Algorithm?.md", &[Character][..]),
            ("ideas/a:b", &[Character]),
            ("a<b>/c", &[Character]),
            ("a|b", &[Character]),
            ("a\"b", &[Character]),
            ("a*b", &[Character]),
            ("ideas/a.", &[Ending]),
            ("ideas./a", &[Ending]),
            ("ideas/a ", &[Ending]),
            ("ideas/...", &[Ending]),
            ("ideas/CON", &[Device]),
            ("ideas/nul.txt", &[Device]),
            ("ideas/Nul.tar.gz", &[Device]),
            ("ideas/NUL .txt", &[Device]),
            ("aux/a.md", &[Device]),
            ("ideas/com1", &[Device]),
            ("ideas/LPT9.md", &[Device]),
            ("ideas/COM¹.md", &[Device]),
            ("ideas/lpt³", &[Device]),
            ("ideas/conin$", &[Device]),
            ("ideas/CON?. ", &[Character, Ending]),
            ("ideas/prn ", &[Ending, Device]),
        ] {
            assert_eq!(faults(path), expected, "{path}");
        }
    }

    #[test]
    fn what_every_system_holds_has_none() {
        for path in [
            "ideas/hello.md",
            "ideas/ghi chú/Đ.md",
            "ideas/.hidden",
            "ideas/ a.md",
            "ideas/a..md",
            "ideas/console.md",
            "ideas/com.md",
            "ideas/com0",
            "ideas/com10",
            "ideas/COM⁴",
            "ideas/nul-1.md",
            "ideas/a CON.md",
            "ideas/😀.md",
        ] {
            assert_eq!(faults(path), [], "{path}");
        }
    }

    #[test]
    fn a_path_is_measured_in_units_of_utf_16() {
        for letter in ["n", "ế"] {
            let path = |units| letter.repeat(units);
            assert_eq!(faults(&path(246)), []);
            assert_eq!(faults(&path(247)), [Fault::Length]);
        }
        assert_eq!(faults(&"😀".repeat(123)), []);
        assert_eq!(faults(&"😀".repeat(124)), [Fault::Length]);
    }
}
