//! Finds the folder that a command is about, and its project on the server.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::exit::usage;
use super::{device, key};
use crate::config::Folder;
use crate::transport::{Address, Project, Server};

/// A file that says that a folder is, or may be, linked.
const MARK: &str = ".kamirc.json";

/// The folder that was named, or this one, or the next above that has `.kamirc.json`.
pub fn folder(named: Option<&Path>) -> Result<Folder> {
    let root = match named {
        Some(folder) => folder.to_owned(),
        None => {
            let here = std::env::current_dir().context("The current folder cannot be found")?;
            let above = here.ancestors().find(|folder| folder.join(MARK).is_file());
            above.unwrap_or(&here).to_owned()
        }
    };
    let root = std::path::absolute(&root)?;
    Ok(Folder::open(&root)?)
}

/// The project that a folder is linked with.
pub fn project(folder: &Folder) -> Result<Project> {
    let settings = &folder.settings;
    let (Some(backend), Some(id)) = (&settings.backend, &settings.project_id) else {
        let root = folder.root.display();
        return Err(usage(format!(
            "{root} is not linked: run `kamisync link URL` there."
        )));
    };
    let address = Address::parse(backend).map_err(|error| usage(error.to_string()))?;
    key::require_project(folder, id, &address)?;
    let key = key::read(folder, &address)?;
    let is_known = key::is_of(folder, &address);
    let server = Server::new(address, &key, &device::name())?.known(is_known);
    Ok(Project::new(server, id, &name(&folder.root)))
}

/// The name of a project in the lists of the server: that of its folder.
fn name(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    name.chars().take(256).collect()
}

/// A path of the wire for what a person typed: a file of this disk, or a path below `.kamiflow`.
pub fn path(folder: &Folder, typed: &Path) -> Result<String> {
    let here = plain(&std::path::absolute(typed)?);
    let kamiflow = plain(&folder.kamiflow());
    let below = match here.strip_prefix(&kamiflow) {
        Ok(below) => below.to_owned(),
        Err(_) => {
            let typed = typed.strip_prefix(".").unwrap_or(typed);
            typed.strip_prefix(".kamiflow").unwrap_or(typed).to_owned()
        }
    };
    let segments = below.components().map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let path: Option<Vec<&str>> = segments.collect();
    let path = path.map(|segments| segments.join("/"));
    path.filter(|path| !path.is_empty()).ok_or_else(|| {
        let kamiflow = kamiflow.display();
        usage(format!("{} is not below {kamiflow}.", typed.display()))
    })
}

/// An absolute path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_place_or_by_its_path() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let place = root.path().join(".kamiflow/ideas/../ideas/a b.md");
        for typed in [
            place.as_path(),
            Path::new("ideas/a b.md"),
            Path::new(".kamiflow/ideas/a b.md"),
            Path::new("./ideas/a b.md"),
        ] {
            assert_eq!(path(&folder, typed).unwrap(), "ideas/a b.md", "{typed:?}");
        }
        for typed in ["/etc/passwd", "../a.md", ".", ".kamiflow"] {
            assert!(path(&folder, Path::new(typed)).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_folder_that_is_not_linked_says_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(Some(root.path())).unwrap();
        let said = project(&folder).err().unwrap().to_string();
        assert!(said.contains("kamisync link"), "{said}");
    }
}
