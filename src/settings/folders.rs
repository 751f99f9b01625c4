//! Which folders are synced.

use super::parse::list;
use crate::domain::{FilePath, SyncFolders};

pub(super) fn folders(value: &str) -> Result<SyncFolders, String> {
    let names: Vec<&str> = list(value).collect();
    if names == ["*"] {
        return Ok(SyncFolders::Any);
    }
    if let Some(other) = names.iter().find(|name| !is_folder(name)) {
        return Err(format!(
            "must list names of folders such as ideas, or be * alone, not '{other}'"
        ));
    }
    if names.is_empty() {
        Err("must list names of folders such as ideas, or be * for any".to_owned())
    } else {
        Ok(SyncFolders::Named(
            names.into_iter().map(str::to_owned).collect(),
        ))
    }
}

fn is_folder(name: &str) -> bool {
    !name.contains(['/', '*']) && FilePath::parse(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_or_any() {
        assert_eq!(folders(" * "), Ok(SyncFolders::Any));
        let named = SyncFolders::Named(vec!["ideas".to_owned(), "ghi chú".to_owned()]);
        assert_eq!(folders("ideas, ghi chú,"), Ok(named));
    }

    #[test]
    fn what_is_no_folder_is_refused_and_shown() {
        for bad in [
            "ideas/",
            "/ideas",
            ".kamiflow",
            "..",
            "*, ideas",
            "a/b",
            "ideas/*",
            "a\\b",
        ] {
            let rule = folders(bad).unwrap_err();
            assert!(rule.contains("not '"), "{bad}: {rule}");
        }
        assert!(folders(",").is_err());
    }
}
