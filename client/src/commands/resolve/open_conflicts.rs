//! Which conflicts are open: those whose copy is still there.

use crate::config::Folder;
use crate::conflict::CopyName;
use crate::error::SyncError;
use crate::report::ConflictCopy;
use crate::scan::Scan;
use crate::state::State;

/// The copies in a folder, each with its file.
pub fn open_conflicts(folder: &Folder) -> Result<Vec<ConflictCopy>, SyncError> {
    let state = State::look(folder)?;
    let scan = Scan::of(folder, state.contents());
    let conflict = |path: &String| {
        let copy = CopyName::of(path)?;
        Some(ConflictCopy {
            path: original(&scan, &copy),
            copy: path.clone(),
            is_local: false,
        })
    };
    Ok(scan.files.keys().filter_map(conflict).collect())
}

/// The file of a copy. A name that was too long for the copy is found when only one file may be meant.
fn original(scan: &Scan, copy: &CopyName) -> String {
    let said = copy.original();
    if scan.files.contains_key(said) {
        return said.to_owned();
    }
    let mut longer = scan.files.keys().filter(|file| copy.may_be_of(file));
    match (longer.next(), longer.next()) {
        (Some(only), None) => only.clone(),
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conflict::copy_path;

    /// The conflicts in a folder with these files.
    fn of(files: &[String]) -> Vec<(String, String)> {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        for file in files {
            let place = folder.place(file);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, "text").unwrap();
        }
        let open = open_conflicts(&folder).unwrap().into_iter();
        open.map(|conflict| (conflict.path, conflict.copy))
            .collect()
    }

    fn long(end: &str) -> String {
        format!("ideas/{}{end}.md", "é".repeat(120))
    }

    #[test]
    fn a_file_with_a_very_long_name_is_found() {
        let files = [
            long(""),
            "ideas/é.md".to_owned(),
            format!("tasks/{}.md", "é".repeat(120)),
        ];
        let copies = [1, 2].map(|number| copy_path(&long(""), "laptop", 0, number));
        let mut expected = copies.clone().map(|copy| (long(""), copy));
        expected.sort();
        assert_eq!(of(&[&files[..], &copies].concat()), expected);
    }

    #[test]
    fn one_of_two_files_that_begin_alike_is_not_guessed() {
        let (one, two) = (long("1"), long("2"));
        let copy = copy_path(&one, "laptop", 0, 1);
        let open = of(&[one.clone(), two.clone(), copy.clone()]);
        assert!(open[0].0 != one && open[0].0 != two, "{open:?}");
        assert_eq!(open[0].1, copy);
    }

    #[test]
    fn a_short_name_is_taken_as_it_is() {
        let copy = copy_path("ideas/a.md", "laptop", 0, 1);
        let files = ["ideas/a.md", "ideas/ab.md", &copy].map(str::to_owned);
        assert_eq!(of(&files), [("ideas/a.md".to_owned(), copy)]);
    }
}
