//! Makes a list that fails shorter.

/// What is left of a failing list when everything is left out without which it fails as well: halves first, then
/// ever smaller parts, in at most so many tries.
pub fn shrink<T: Clone>(
    failing: &[T],
    mut tries: usize,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut list = failing.to_vec();
    let mut part = list.len().div_ceil(2).max(1);
    loop {
        let (before, mut start) = (list.len(), 0);
        while start < list.len() && tries > 0 {
            tries -= 1;
            let end = (start + part).min(list.len());
            let rest = [&list[..start], &list[end..]].concat();
            if fails(&rest) {
                list = rest
            } else {
                start = end
            }
        }
        // One step may have needed another that is gone since.
        let is_shortest = part == 1 && list.len() == before;
        if is_shortest || tries == 0 {
            return list;
        }
        part = (part / 2).max(1);
    }
}

/// Fails with all of these, as a bug that needs several things to happen.
fn has_all(list: &[u64], needed: &[u64]) -> bool {
    needed.iter().all(|number| list.contains(number))
}

#[test]
fn what_a_failure_does_not_need_is_left_out() {
    let steps: Vec<u64> = (0..60).collect();
    for needed in [&[3, 41, 57][..], &[0], &[59, 58], &[]] {
        let mut tries = 0;
        let mut shortest = shrink(&steps, 1000, |list| {
            tries += 1;
            has_all(list, needed)
        });
        let mut needed = needed.to_vec();
        needed.sort_unstable();
        shortest.sort_unstable();
        assert_eq!(shortest, needed);
        assert!(tries < 60, "{tries}");
    }
}

#[test]
fn a_step_that_only_another_one_needed_goes_too() {
    let steps: Vec<u64> = (0..16).collect();
    // 2 alone would hide the failure.
    let fails = |list: &[u64]| list.contains(&9) && (!list.contains(&2) || list.contains(&12));
    assert_eq!(shrink(&steps, 1000, fails), [9]);
}

#[test]
fn it_ends_after_so_many_tries_with_what_still_fails() {
    let steps: Vec<u64> = (0..60).collect();
    let mut tries = 0;
    let shorter = shrink(&steps, 5, |list| {
        tries += 1;
        has_all(list, &[3, 41, 57])
    });
    assert_eq!(tries, 5);
    assert!(has_all(&shorter, &[3, 41, 57]));
}
