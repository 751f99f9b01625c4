//! What goes up together: as much as the server takes, and a renamed file with its old name.

use std::collections::HashMap;

use super::local::Edit;

/// Edits that stay together.
pub type Item = Vec<Edit>;

/// Bytes of a push, so that a lost connection costs little and memory stays small; two are on their way at a time.
const MOST: u64 = 8 << 20;

/// Splits edits into pushes that a server with this limit for a body takes.
pub fn parts(edits: Vec<Edit>, max_body: u64) -> Vec<Vec<Edit>> {
    let most = MOST.min(max_body.saturating_sub(1024));
    let mut parts: Vec<Vec<Edit>> = Vec::new();
    let mut room = 0;
    for item in items(edits) {
        let need = item.iter().map(weight).sum();
        match parts.last_mut() {
            Some(part) if need <= room => part.extend(item),
            _ => {
                parts.push(item);
                room = most;
            }
        }
        room = room.saturating_sub(need);
    }
    parts
}

/// A file with the deletions that belong to it: of its old name, and of names that are in its way.
fn items(edits: Vec<Edit>) -> Vec<Item> {
    let (puts, deletions): (Vec<Edit>, Vec<Edit>) =
        edits.into_iter().partition(|edit| edit.size.is_some());
    let mut deletions = Deletions::of(deletions);
    let mut items: Vec<Item> = Vec::new();
    for put in puts {
        let mut item = deletions.of_put(&put);
        item.push(put);
        items.push(item);
    }
    items.extend(deletions.rest().into_iter().map(|deletion| vec![deletion]));
    items
}

/// Deletions that no file has taken yet.
struct Deletions {
    by_path: std::collections::BTreeMap<String, Edit>,
    by_content: HashMap<String, Vec<String>>,
}

impl Deletions {
    fn of(deletions: Vec<Edit>) -> Self {
        let mut by_content: HashMap<String, Vec<String>> = HashMap::new();
        for deletion in &deletions {
            let paths = by_content.entry(deletion.checksum.clone()).or_default();
            paths.push(deletion.path.clone());
        }
        let by_path = deletions.into_iter().map(|edit| (edit.path.clone(), edit));
        Self {
            by_path: by_path.collect(),
            by_content,
        }
    }

    fn of_put(&mut self, put: &Edit) -> Item {
        let ends = put.path.match_indices('/').map(|(end, _)| end);
        let mut paths: Vec<String> = ends.map(|end| put.path[..end].to_owned()).collect();
        let below = format!("{}/", put.path);
        let below = self
            .by_path
            .range(below.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&below));
        paths.extend(below.cloned());
        paths.extend(self.by_content.get_mut(&put.checksum).and_then(Vec::pop));
        let taken = paths.iter().filter_map(|path| self.by_path.remove(path));
        taken.collect()
    }

    fn rest(self) -> Vec<Edit> {
        self.by_path.into_values().collect()
    }
}

/// What an edit takes in the body: base64, escaped names, the names of fields.
fn weight(edit: &Edit) -> u64 {
    let content = edit.size.unwrap_or(0);
    content.div_ceil(3) * 4 + edit.path.len() as u64 * 6 + 256
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(path: &str, size: Option<u64>, checksum: &str) -> Edit {
        Edit {
            path: path.to_owned(),
            base: 1,
            size,
            checksum: checksum.to_owned(),
        }
    }

    #[test]
    fn a_renamed_file_goes_up_with_its_old_name() {
        let edits = vec![
            edit("b.md", Some(600), "x"),
            edit("c.md", Some(600), "y"),
            edit("d.md/e.md", Some(600), "z"),
            edit("a.md", None, "x"),
            edit("d.md", None, "old"),
            edit("gone.md", None, "g"),
        ];
        let parts = parts(edits, 1024 + 2400);
        let paths: Vec<Vec<&str>> = parts
            .iter()
            .map(|part| part.iter().map(|edit| &*edit.path).collect())
            .collect();
        assert_eq!(
            paths,
            [
                vec!["a.md", "b.md"],
                vec!["c.md"],
                vec!["d.md", "d.md/e.md", "gone.md"]
            ]
        );
    }

    #[test]
    fn a_file_that_takes_the_place_of_a_folder_goes_up_with_what_was_in_it() {
        let edits = vec![
            edit("a.md", Some(1), "x"),
            edit("a.md/b.md", None, "y"),
            edit("a.md.md", None, "z"),
        ];
        let items = items(edits);
        assert_eq!(items[0].len(), 2);
        assert_eq!(items[1][0].path, "a.md.md");
    }

    proptest! {
        #[test]
        fn every_edit_is_in_one_part_and_parts_fit(
            sizes in prop::collection::vec(prop::option::of(0_u64..20_000), 0..60),
            max in 30_000_u64..100_000,
        ) {
            let edits: Vec<Edit> = (0..).zip(&sizes)
                .map(|(number, size)| edit(&format!("{number}.md"), *size, &format!("{}", number % 7)))
                .collect();
            let parts = parts(edits.clone(), max);
            let mut all: Vec<_> = parts.iter().flatten().cloned().collect();
            let mut edits = edits;
            all.sort_by(|a, b| a.path.cmp(&b.path));
            edits.sort_by(|a, b| a.path.cmp(&b.path));
            prop_assert_eq!(all, edits);
            for part in parts {
                prop_assert!(part.iter().map(weight).sum::<u64>() <= max);
            }
        }
    }
}
