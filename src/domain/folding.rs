//! Which names are one for a file system that ignores case, or how an accent is written.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// The folded form of a path: equal for two paths that are one under case folding and normalization,
/// the canonical caseless match of the Unicode standard (D145). Slashes stay where they are, so the
/// folded form of a folder is the beginning of that of each file below it.
pub fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let decomposed: String = path.nfd().collect();
    let folded = UniCase::unicode(decomposed).to_folded_case();
    folded.nfc().collect()
}

/// A path with its accents composed (NFC): equal for two paths that look the same.
pub fn compose(path: &str) -> String {
    path.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_differ_in_case_or_in_their_accents_are_one() {
        for (one, other) in [
            ("Todo.md", "todo.MD"),
            ("é", "e\u{301}"),
            ("É", "e\u{301}"),
            ("Ghi Chú/Đ", "ghi chu\u{301}/đ"),
            ("ệ", "e\u{302}\u{323}"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("K", "\u{212a}"),
            ("Å", "\u{212b}"),
            ("각", "\u{1100}\u{1161}\u{11a8}"),
            ("ᾳ", "\u{3b1}\u{345}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [
            ("a", "b"),
            ("e", "é"),
            ("ı", "i"),
            ("ﬁ", "f"),
            ("a/b", "a-b"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_composed_alike() {
        assert_eq!(compose("e\u{301}/a"), "é/a");
        assert_eq!(compose("É/a"), "É/a");
        assert_ne!(compose("É"), compose("é"));
    }

    #[test]
    fn a_mark_that_folding_makes_a_letter_of_does_not_take_the_marks_behind_it_along() {
        assert_eq!(
            fold("\u{1ff2}\u{591}"),
            fold("\u{3c9}\u{591}\u{300}\u{345}")
        );
    }

    proptest! {
        #[test]
        fn every_way_to_write_a_name_is_folded_alike(name in "\\PC{0,12}") {
            let folded = fold(&name);
            let composed: String = name.nfc().collect();
            let decomposed: String = name.nfd().collect();
            prop_assert_eq!(&folded, &fold(&composed));
            prop_assert_eq!(&folded, &fold(&decomposed));
            prop_assert_eq!(&folded, &fold(&folded));
            // Decomposed before, since folding makes a letter of the mark U+0345, behind which no mark is sorted.
            let lowercase = UniCase::unicode(&decomposed).to_folded_case();
            prop_assert_eq!(&folded, &fold(&lowercase));
            prop_assert_eq!(compose(&name), compose(&decomposed));
        }

        #[test]
        fn a_folder_is_folded_as_in_the_paths_below_it(folder in "\\PC{0,6}", file in "\\PC{0,6}") {
            let path = format!("{folder}/{file}");
            prop_assert_eq!(fold(&path), format!("{}/{}", fold(&folder), fold(&file)));
        }
    }
}
