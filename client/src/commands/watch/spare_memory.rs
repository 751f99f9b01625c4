//! Memory that a large round needs, and small ones do not. The C library of most Linux systems keeps what is free
//! between memory in use: here the contents of files, between what is remembered of each.

use crate::report::Report;

/// Fewer files leave little behind.
const MANY: usize = 500;

/// Gives it back to the system after a round that moved many files.
pub fn give_back(report: &Report) {
    if report.uploaded.len() + report.downloaded.len() >= MANY {
        system::trim();
    }
}

/// Before there are threads: lets them share their memory. Of what a thread has for itself, less can be given back.
pub fn share() {
    system::share();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the C library offers these without a safe wrapper"
)]
mod system {
    pub fn trim() {
        // SAFETY: any thread may call it at any time, and it takes no pointer.
        unsafe { libc::malloc_trim(0) };
    }

    pub fn share() {
        // SAFETY: as above. It fails for a parameter that is not known.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod system {
    pub fn trim() {}

    pub fn share() {}
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Pages of memory that this process has.
    fn resident() -> usize {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Moves so many files of 8 KB, and returns how many pages are given back when their contents are dropped.
    fn given_back_after(files: usize, moved: fn(&mut Report) -> &mut BTreeSet<String>) -> usize {
        let mut report = Report::default();
        let mut contents = Vec::new();
        for number in 0..files {
            contents.push(vec![1_u8; 8_000]);
            moved(&mut report).insert(format!("ideas/{number}.md"));
        }
        drop(contents);
        let before = resident();
        give_back(&report);
        before.saturating_sub(resident())
    }

    #[test]
    fn what_lay_between_memory_in_use_is_given_back() {
        // 80 MB, of which the paths are one; this thread may have memory for itself.
        let ways: [fn(&mut Report) -> &mut BTreeSet<String>; 2] = [
            |report| &mut report.downloaded,
            |report| &mut report.uploaded,
        ];
        for moved in ways {
            let given = given_back_after(10_000, moved) * 4_096;
            assert!(given > 20_000_000, "{given} bytes");
        }
    }
}
