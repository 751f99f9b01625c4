//! Two maps by path, side by side.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Each path of either map, in order, with what each of them has. For thousands of paths this is several times
/// as fast as a search for each.
pub fn both<'a, A, B>(
    a: &'a BTreeMap<String, A>,
    b: &'a BTreeMap<String, B>,
) -> impl Iterator<Item = (&'a String, Option<&'a A>, Option<&'a B>)> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (a.peek(), b.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let of_a = a.next_if(|_| order.is_le());
        let of_b = b.next_if(|_| order.is_ge());
        let path = of_a.map(|(path, _)| path).or(of_b.map(|(path, _)| path));
        Some((path?, of_a.map(|(_, a)| a), of_b.map(|(_, b)| b)))
    })
}

#[test]
fn each_path_comes_once_and_in_order() {
    let map = |paths: &[&str]| -> BTreeMap<String, String> {
        let paths = paths.iter().map(|path| (*path).to_owned());
        paths.map(|path| (path.clone(), path)).collect()
    };
    let (a, b) = (map(&["a", "b", "d"]), map(&["b", "c", "e"]));
    let seen: Vec<_> = both(&a, &b)
        .map(|(path, a, b)| (&**path, a.is_some(), b.is_some()))
        .collect();
    let expected = [
        ("a", true, false),
        ("b", true, true),
        ("c", false, true),
        ("d", true, false),
        ("e", false, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(both(&a, &map(&[])).count(), 3);
}
