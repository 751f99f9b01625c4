//! What the host reports of the machine.

use crate::dashboard::format::{Size, Time, grouped};
use crate::domain::Rev;
use crate::wire::host_report::{AnswerCount, DatabaseFiles, HostReport, OLD_BACKUP};

/// The height of the highest bar.
const HEIGHT: u64 = 72;

/// What the host reports of the machine.
pub struct Machine {
    /// None where the database is in memory.
    pub files: Option<Files>,
    pub answers: Answers,
}

/// What lies beside the database.
pub struct Files {
    pub log: Size,
    pub backup: Option<Time>,
    pub is_backup_old: bool,
}

/// Answers of the last hours, a bar an hour.
pub struct Answers {
    pub bars: Bars,
    /// The answers of the hour with the most of them.
    pub most: String,
    pub kinds: [Kind; 3],
}

/// Lines of SVG, 20 wide and 80 high for each hour.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bars {
    pub good: String,
    pub refused: String,
    pub failed: String,
}

/// A kind of answer, and how many there were.
pub struct Kind {
    pub name: &'static str,
    pub class: &'static str,
    pub count: String,
}

impl Machine {
    pub fn new(report: HostReport, now_us: Rev) -> Self {
        Self {
            files: report.files.map(|files| Files::new(&files, now_us)),
            answers: Answers::new(&report.hours),
        }
    }
}

impl Files {
    fn new(files: &DatabaseFiles, now_us: Rev) -> Self {
        let made_at = files.last_backup_us;
        let is_old = |at: Rev| now_us.saturating_sub(at) > OLD_BACKUP.as_micros() as Rev;
        Self {
            log: Size(files.log_bytes),
            backup: made_at.map(Time),
            is_backup_old: made_at.is_none_or(is_old),
        }
    }
}

impl Answers {
    fn new(hours: &[AnswerCount]) -> Self {
        let all = hours
            .iter()
            .copied()
            .fold(AnswerCount::default(), AnswerCount::plus);
        let kind = |name, class, number| Kind {
            name,
            class,
            count: grouped(number),
        };
        Self {
            bars: Bars::new(hours),
            most: grouped(most(hours)),
            kinds: [
                kind("Answered", "good", all.good),
                kind("Refused", "refused", all.refused),
                kind("Failed", "failed", all.failed),
            ],
        }
    }
}

fn most(hours: &[AnswerCount]) -> u64 {
    hours.iter().map(|hour| hour.total()).max().unwrap_or(0)
}

impl Bars {
    /// What failed stands on what was refused, and that on the rest. Each is seen, however few there are.
    fn new(hours: &[AnswerCount]) -> Self {
        let (most, mut bars) = (most(hours).max(1), Self::default());
        for (at, hour) in hours.iter().enumerate() {
            let mut bottom = 80;
            for (line, count) in [
                (&mut bars.good, hour.good),
                (&mut bars.refused, hour.refused),
                (&mut bars.failed, hour.failed),
            ] {
                if count > 0 {
                    let height = (count * HEIGHT / most).max(2);
                    line.push_str(&format!("M{} {bottom}v-{height}", 20 * at + 10));
                    bottom -= height;
                }
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DAY_US;

    #[test]
    fn the_answers_of_an_hour_stand_on_each_other_and_each_kind_is_seen() {
        let hour = |good, refused, failed| AnswerCount {
            good,
            refused,
            failed,
        };
        let bars = Bars::new(&[hour(0, 0, 0), hour(900, 100, 0), hour(500, 0, 1)]);
        assert_eq!(bars.good, "M30 80v-64M50 80v-36");
        assert_eq!(bars.refused, "M30 16v-7");
        assert_eq!(bars.failed, "M50 44v-2");
        assert_eq!(Bars::new(&[hour(0, 0, 0)]), Bars::default());
        let answers = Answers::new(&[hour(900, 100, 0), hour(500, 0, 1)]);
        assert_eq!(answers.most, "1,000");
        assert_eq!(answers.kinds.map(|kind| kind.count), ["1,400", "100", "1"]);
    }

    #[test]
    fn a_backup_is_old_after_eight_days_and_when_there_is_none() {
        let is_old = |last_backup_us| {
            let files = DatabaseFiles {
                log_bytes: 0,
                last_backup_us,
            };
            Files::new(&files, 100 * DAY_US).is_backup_old
        };
        assert!(!is_old(Some(92 * DAY_US)) && !is_old(Some(101 * DAY_US)));
        assert!(is_old(Some(92 * DAY_US - 1)) && is_old(None));
    }
}
