//! `link`: tests the address and the key, and remembers them with the project.

mod ask_key;
mod choice;
mod kamirc_file;
mod ordered_json;

use std::fs;

use anyhow::{Context, Result};

use super::exit::{Done, usage};
use super::say::{note, say};
use super::{device, idle, key};
use crate::cli::LinkArgs;
use crate::config::Folder;
use crate::error::SyncError;
use crate::round::Session;
use crate::transport::{Address, Listed, OwnKey, Server};
use choice::{Choice, Known, new_id};

/// Links a folder. Nothing is written unless the server takes the key.
pub fn run(args: &LinkArgs) -> Result<Done> {
    let address = Address::parse(&args.url).map_err(|error| usage(error.to_string()))?;
    let folder = open(args)?;
    warn(&address);
    let secret = ask_key::ask()?;
    let server = Server::new(address.clone(), &secret, &device::name())?;
    let own = server.own_key()?;
    let project = project(args, &folder, &server, &own)?;
    key::write(&folder, &secret, &address, &project)?;
    folder.confirm_links()?;
    kamirc_file::write(&folder.root, &address.to_string(), &project)?;
    if args.new {
        begin(&folder)?;
    }
    tell(&folder, &project, &own);
    tell_where_links_lead(&folder);
    idle::tell(&folder);
    Ok(Done::InStep)
}

fn open(args: &LinkArgs) -> Result<Folder> {
    let root = fs::canonicalize(&args.folder);
    let root = root.with_context(|| format!("{} does not exist", args.folder.display()))?;
    Ok(Folder::open(&root)?)
}

/// A project that was deleted may be begun again from an empty folder, which has nothing of it.
fn begin(folder: &Folder) -> Result<()> {
    match Session::open(Folder::open(&folder.root)?) {
        // A watch takes up the new settings by itself.
        Err(SyncError::Locked(_)) => Ok(()),
        session => Ok(session?.begin_project()?),
    }
}

fn warn(address: &Address) {
    if !address.is_https() && !address.is_loopback() {
        note(
            "kamisync: The key and the files go through the network unencrypted; https would protect them.",
        );
    }
}

fn project(args: &LinkArgs, folder: &Folder, server: &Server, own: &OwnKey) -> Result<String> {
    let known = Known {
        asked: args.project.as_deref(),
        new: args.new,
        configured: folder.settings.project_id.as_deref(),
        opened: own.projects.as_deref(),
    };
    match known.choice()? {
        Choice::Take(id) => Ok(id),
        Choice::Make => new_id(),
        Choice::Find(id) => found(id, &server.projects()?),
        Choice::MakeFirst => match server.projects()? {
            projects if projects.is_empty() => new_id(),
            projects => Err(usage(format!(
                "The server has projects: take one with --project ID, or begin another with --new.\n{}",
                lines(&projects)
            ))),
        },
    }
}

/// Where there are projects, another one is not begun by a slip.
fn found(id: String, projects: &[Listed]) -> Result<String> {
    if projects.is_empty() || projects.iter().any(|project| project.id == id) {
        Ok(id)
    } else {
        Err(usage(format!(
            "The server has no project {id}: take one of these, or begin it with --project {id} --new.\n{}",
            lines(projects)
        )))
    }
}

fn lines(projects: &[Listed]) -> String {
    let lines: Vec<String> = projects.iter().map(Listed::line).collect();
    lines.join("\n")
}

/// A category that is a link may come with a repository, and have files that nobody meant to sync.
fn tell_where_links_lead(folder: &Folder) {
    for category in folder.selection.categories() {
        if let Some(to) = folder.target(category) {
            note(format_args!(
                "kamisync: .kamiflow/{category} leads to {to}, whose files are synced."
            ));
        }
    }
}

fn tell(folder: &Folder, project: &str, own: &OwnKey) {
    let root = folder.root.display();
    say(format_args!("{root} is linked with the project {project}."));
    if !own.may_push() {
        note(format_args!(
            "kamisync: The key {} may only read, so nothing is uploaded.",
            own.name
        ));
    }
    say("Next: kamisync sync");
}
