//! Compares the list of names, and how many of them some system cannot hold, with the live files.

use std::collections::BTreeMap;

use kamiflow_sync_component::domain::FilePath;
use kamiflow_sync_component::domain::fault::faults;
use kamiflow_sync_component::domain::name::{Name, names as names_of};
use kamiflow_sync_component::domain::portability;
use rusqlite::Connection;

use super::examination::Examination;
use super::owners::owners;

pub fn names(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    // Schemas before 11 have no list.
    if !connection.table_exists(None, "live_name")? {
        return Ok(());
    }
    let owners = owners(connection)?;
    let foreign = format!("SELECT count(*) FROM live_name WHERE project NOT IN ({owners})");
    let foreign: u64 = connection.query_row(&foreign, [], |row| row.get(0))?;
    if foreign > 0 {
        examination.add(format!("{foreign} names belong to no project"));
    }
    // Null: they are not listed yet.
    let mut select = connection
        .prepare("SELECT number, id, unportable FROM project WHERE unportable IS NOT NULL")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, counted): (String, u64) = (row.get(1)?, row.get(2)?);
        compare(connection, row.get(0)?, &id, counted, examination)?;
    }
    Ok(())
}

fn compare(
    connection: &Connection,
    project: i64,
    id: &str,
    counted: u64,
    examination: &mut Examination,
) -> rusqlite::Result<()> {
    let files = live_files(connection, project)?;
    let expected = names_of(files.iter());
    let is_listed = listed(connection, project)? == expected.iter().map(row).collect();
    if !is_listed {
        examination.add(format!("{id}: its list of names is not that of its files"));
    }
    let found = portability::find(&expected).len() as u64;
    if counted != found {
        let said = format!("{id}: {counted} names are said to be unportable, and {found} are");
        examination.add(said);
    }
    Ok(())
}

/// Form and path of a name, and whether it has a fault.
type Listed = BTreeMap<(String, String), bool>;

fn row(name: &Name) -> ((String, String), bool) {
    let has_fault = name.is_file && !faults(name.path).is_empty();
    ((name.folded.clone(), name.path.to_owned()), has_fault)
}

fn listed(connection: &Connection, project: i64) -> rusqlite::Result<Listed> {
    let mut select = connection
        .prepare_cached("SELECT folded, path, fault FROM live_name WHERE project = ?1")?;
    let rows = select.query_map([project], |row| {
        Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
    })?;
    rows.collect()
}

/// A path that breaks a rule is found elsewhere.
fn live_files(connection: &Connection, project: i64) -> rusqlite::Result<Vec<FilePath>> {
    let mut select =
        connection.prepare_cached("SELECT path FROM file WHERE project = ?1 AND deleted = 0")?;
    let paths = select.query_map([project], |row| row.get::<_, String>(0))?;
    let files = paths.map(|path| Ok(FilePath::parse(&path?).ok()));
    files.filter_map(Result::transpose).collect()
}
