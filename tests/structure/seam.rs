//! The one seam to SQL: only the store knows our tables.

use std::collections::BTreeSet;

use crate::modules::{File, Program};

/// Where SQL on our tables may stand: the store, and `check`, which must not trust the store.
const MAY: [&str; 2] = ["src/store/", "src/bin/kamiflow-sync/commands/check"];

/// What stands before the name of a table.
const BEFORE: [&str; 5] = ["FROM", "INTO", "UPDATE", "JOIN", "TABLE"];

/// The tables that SQL text creates.
pub fn tables(sql: &str) -> BTreeSet<String> {
    let named = names(sql).filter(|(keyword, _)| *keyword == "TABLE");
    named.map(|(_, name)| name.to_owned()).collect()
}

/// Every string of a program that knows one of the tables and may not.
pub fn violations(program: &Program, tables: &BTreeSet<String>) -> Vec<String> {
    let files = program.files.values();
    let files = files.filter(|file| !MAY.iter().any(|may| file.name.starts_with(may)));
    files.flat_map(|file| known(file, tables)).collect()
}

fn known(file: &File, tables: &BTreeSet<String>) -> Vec<String> {
    let lines = file
        .source
        .strings
        .iter()
        .flat_map(|(start, text)| (*start..).zip(text.lines()));
    let names = lines.flat_map(|(line, text)| names(text).map(move |name| (line, name)));
    let ours = names.filter(|(_, (_, name))| tables.contains(*name));
    ours.map(|(line, (keyword, name))| format!("{}:{line} {keyword} {name}", file.name))
        .collect()
}

/// The names of tables in SQL, each with the keyword before it.
fn names(sql: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
    let words = words.filter(|word| !word.is_empty() && !["IF", "NOT", "EXISTS"].contains(word));
    let words: Vec<&str> = words.collect();
    let pairs: Vec<(&str, &str)> = words.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs
        .into_iter()
        .filter(|(keyword, _)| BEFORE.contains(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str =
        "CREATE TABLE project (id);\nCREATE TABLE IF NOT EXISTS file(path) STRICT;";

    fn with(name: &str, text: &str) -> Vec<String> {
        let files = [(name.to_owned(), text.to_owned())];
        violations(&Program::of("src", files), &tables(SCHEMA))
    }

    #[test]
    fn sql_on_our_tables_outside_of_the_store_is_named() {
        for (text, line, name) in [
            (r#"let s = "SELECT 1 FROM project";"#, 1, "FROM project"),
            (
                "let s = \"UPDATE x SET\n    a = (SELECT b FROM file)\";",
                2,
                "FROM file",
            ),
            ("\nlet s = r#\"INSERT INTO file (path)\"#;", 2, "INTO file"),
            (r#"let s = "x JOIN project ON";"#, 1, "JOIN project"),
            (
                r#"let s = "UPDATE project SET a = 1";"#,
                1,
                "UPDATE project",
            ),
            (r#"let s = "DROP TABLE IF EXISTS file";"#, 1, "TABLE file"),
            (
                "#[cfg(test)] mod tests { const S: &str = \"DELETE FROM file\"; }",
                1,
                "FROM file",
            ),
        ] {
            assert_eq!(
                with("src/api/x.rs", text),
                [format!("src/api/x.rs:{line} {name}")]
            );
            assert_eq!(with("src/store/x.rs", text), Vec::<String>::new());
        }
    }

    #[test]
    fn other_tables_comments_and_words_are_nobodys_business() {
        for text in [
            r#"let s = "SELECT 1 FROM files, spin_key_value";"#,
            "// SELECT 1 FROM project",
            r#"let s = "a change from project to project";"#,
        ] {
            assert_eq!(with("src/api/x.rs", text), Vec::<String>::new());
        }
    }
}
