//! Checks that every row obeys the rules of a push: devices write each path that they pull without
//! looking at it.

use std::collections::HashSet;

use kamiflow_sync_component::domain::{FilePath, ProjectId};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::examination::Examination;
use crate::commands::counted::counted;

/// What a row is called, its table, and the condition that it meets.
const VALUES: [(&str, &str, &str); 10] = [
    (
        "project",
        "project",
        "typeof(id) = 'text' AND typeof(name) IN ('text', 'null') AND typeof(git_repo) IN ('text', 'null')
           AND typeof(last_rev) = 'integer' AND typeof(epoch) = 'integer' AND typeof(head) IN ('integer', 'null')
           AND typeof(tag) = 'integer' AND typeof(file_count) = 'integer' AND typeof(total_size) = 'integer'
           AND typeof(digest) = 'blob' AND length(digest) = 32
           AND typeof(swept_at) = 'integer' AND typeof(swept_to) = 'text'
           AND last_rev >= 0 AND file_count >= 0 AND total_size >= 0",
    ),
    (
        "version",
        "version",
        "typeof(rev) = 'integer' AND rev > 0 AND typeof(path) = 'text'
           AND (checksum IS NULL OR typeof(checksum) = 'blob' AND length(checksum) = 32)
           AND typeof(size) = 'integer' AND size >= 0 AND typeof(modified) = 'integer'
           AND typeof(device) IN ('text', 'null') AND typeof(tag) = 'integer'
           AND (previous IS NULL OR typeof(previous) = 'integer' AND previous < rev)
           AND (content IS NULL OR typeof(content) = 'integer' AND checksum IS NOT NULL)",
    ),
    (
        "file",
        "file",
        "typeof(path) = 'text' AND typeof(rev) = 'integer' AND deleted IN (0, 1)",
    ),
    (
        "content",
        "content",
        "typeof(checksum) = 'blob' AND length(checksum) = 32 AND typeof(bytes) = 'blob'",
    ),
    (
        "deleted project",
        "retired",
        "typeof(id) = 'text' AND typeof(last_rev) = 'integer' AND last_rev >= 0",
    ),
    (
        "purged version",
        "purged",
        "typeof(rev) = 'integer' AND rev > 0 AND typeof(tag) = 'integer'",
    ),
    (
        "retention position",
        "sweep",
        "typeof(rev) = 'integer' AND rev > 0 AND typeof(place) = 'integer'",
    ),
    (
        "clock",
        "clock",
        "typeof(latest) = 'integer' AND typeof(reading) = 'integer' AND typeof(pending) = 'integer'
           AND typeof(before_pending) = 'integer' AND typeof(trusted) = 'integer' AND latest >= 0",
    ),
    (
        "key",
        "device_key",
        "typeof(id) = 'text' AND length(id) = 10 AND typeof(name) = 'text'
         AND scope IN ('read', 'append', 'write', 'manage')
         AND (projects IS NULL OR json_valid(projects) AND json_type(projects) = 'array')
         AND typeof(hash) = 'blob' AND length(hash) = 32
         AND (previous_hash IS NULL OR typeof(previous_hash) = 'blob' AND length(previous_hash) = 32)
         AND (previous_hash IS NULL) = (previous_until IS NULL)
         AND typeof(previous_until) IN ('integer', 'null') AND typeof(secret_at) = 'integer'
         AND typeof(created_at) = 'integer' AND typeof(expires_at) IN ('integer', 'null')
         AND typeof(revoked_at) IN ('integer', 'null') AND typeof(last_used_at) IN ('integer', 'null')",
    ),
    (
        "device position",
        "device_project",
        "project IN (SELECT number FROM project) AND key IN (SELECT number FROM device_key) AND typeof(epoch) = 'integer'
         AND typeof(asked) IN ('integer', 'null') AND typeof(sent) IN ('integer', 'null')
         AND typeof(confirmed) IN ('integer', 'null') AND typeof(shared_until) IN ('integer', 'null')
         AND typeof(cursor) IN ('text', 'null') AND typeof(cursor_at) IN ('integer', 'null')",
    ),
];

/// A column that older schemas lack, and the condition under which its value is damage.
struct LaterColumn {
    table: &'static str,
    name: &'static str,
    row: &'static str,
    broken: &'static str,
    damage: &'static str,
}

const LATER_COLUMNS: [LaterColumn; 2] = [
    LaterColumn {
        table: "version",
        name: "key",
        row: "version",
        broken: "key IS NOT NULL AND key NOT IN (SELECT number FROM device_key)",
        damage: "with a key that does not exist",
    },
    LaterColumn {
        table: "purged",
        name: "path",
        row: "purged version",
        broken: "path IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM file WHERE file.project = purged.project AND file.path = purged.path)",
        damage: "of a file that does not exist",
    },
];

pub fn rules(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    for (row, table, condition) in VALUES {
        // An older schema does not have it; that one is missing otherwise is found there.
        if !connection.table_exists(None, table)? {
            continue;
        }
        let statement = format!("SELECT count(*) FROM {table} WHERE NOT ({condition})");
        let broken: i64 = connection.query_row(&statement, [], |row| row.get(0))?;
        if broken > 0 {
            let rows = counted(broken, row);
            examination.add(format!("{rows} with a value that breaks a rule"));
        }
    }
    for column in LATER_COLUMNS {
        later_column(connection, column, examination)?;
    }
    let mut select = connection.prepare("SELECT number, id FROM project ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let id = text(row.get_ref(1)?);
        if ProjectId::parse(id.clone()).is_none() {
            examination.add(format!("{id:?} is no project id"));
        }
        paths(connection, row.get(0)?, &id, examination)?;
    }
    Ok(())
}

fn later_column(
    connection: &Connection,
    column: LaterColumn,
    examination: &mut Examination,
) -> rusqlite::Result<()> {
    if !connection.column_exists(None, column.table, column.name)? {
        return Ok(());
    }
    let LaterColumn { table, broken, .. } = column;
    let statement = format!("SELECT count(*) FROM {table} WHERE {broken}");
    let broken: i64 = connection.query_row(&statement, [], |row| row.get(0))?;
    if broken > 0 {
        let rows = counted(broken, column.row);
        examination.add(format!("{rows} {}", column.damage));
    }
    Ok(())
}

fn paths(
    connection: &Connection,
    project: i64,
    id: &str,
    examination: &mut Examination,
) -> rusqlite::Result<()> {
    // A version of a path that is not here is found as a broken reference.
    let mut select =
        connection.prepare_cached("SELECT path, deleted FROM file WHERE project = ?1")?;
    let mut rows = select.query([project])?;
    let mut live = HashSet::new();
    while let Some(row) = rows.next()? {
        let path = text(row.get_ref(0)?);
        match FilePath::parse(&path) {
            Err(rule) => examination.add(format!("{id}: the path {path:?} {rule}")),
            Ok(path) if row.get_ref(1)? == ValueRef::Integer(0) => _ = live.insert(path),
            Ok(_) => {}
        }
    }
    let names: HashSet<&str> = live.iter().map(FilePath::as_str).collect();
    for path in &live {
        if let Some(file) = path.folders().find(|folder| names.contains(folder)) {
            examination.add(format!("{id}: {path} lies below the file {file}"));
        }
    }
    Ok(())
}

/// Of any type and encoding, because a wrong one is damage too.
fn text(value: ValueRef) -> String {
    match value.as_bytes_or_null() {
        Ok(Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => format!("{value:?}"),
    }
}
