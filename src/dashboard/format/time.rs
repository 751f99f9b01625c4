//! Times: in UTC, which the script puts into the reader's zone.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;
use chrono::{DateTime, SecondsFormat};

use crate::domain::Rev;

/// A moment, in microseconds since 1970.
#[derive(Clone, Copy)]
pub struct Time(pub Rev);

/// A moment that stays exact where the script tells others in words: it distinguishes versions of one day.
pub struct ExactTime(Rev);

/// Digits, letters and one element.
impl HtmlSafe for Time {}
impl HtmlSafe for ExactTime {}

impl Time {
    /// The moment, shown with seconds.
    pub fn exact(self) -> ExactTime {
        ExactTime(self.0)
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, "", "%-d %b %Y, %H:%M UTC")
    }
}

impl Display for ExactTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, " class=\"exact\"", "%-d %b %Y, %H:%M:%S UTC")
    }
}

fn write(f: &mut fmt::Formatter<'_>, at: Rev, class: &str, format: &str) -> fmt::Result {
    let time = DateTime::from_timestamp_micros(at).unwrap_or_default();
    let machine = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let person = time.format(format);
    write!(f, "<time{class} datetime=\"{machine}\">{person}</time>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_there_for_programs_and_for_people() {
        let time = Time(1_795_661_305_123_456).to_string();
        assert_eq!(
            time,
            "<time datetime=\"2026-11-26T02:48:25Z\">26 Nov 2026, 02:48 UTC</time>"
        );
        assert!(Time(Rev::MAX).to_string().contains("1970"));
        assert_eq!(
            Time(1_795_661_305_123_456).exact().to_string(),
            "<time class=\"exact\" datetime=\"2026-11-26T02:48:25Z\">26 Nov 2026, 02:48:25 UTC</time>"
        );
    }
}
