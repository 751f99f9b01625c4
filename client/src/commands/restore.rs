//! `restore`: brings back an older version, or lists what was deleted.

use anyhow::{Result, bail};

use super::exit::Done;
use super::open;
use super::round::{round_after, round_with};
use super::say::say;
use super::times::second;
use crate::cli::RestoreArgs;
use crate::feed::Feed;
use crate::remote::{BEGINNING, Remote, Rev, Version};
use crate::transport::Project;

/// Brings back a version of a file, on the server and then here.
pub fn run(args: &RestoreArgs) -> Result<Done> {
    let folder = open::folder(args.at.folder.as_deref())?;
    let project = open::project(&folder)?;
    let Some(typed) = &args.path else {
        return deleted(&project);
    };
    let path = open::path(&folder, typed)?;
    let versions = project.history(&path)?;
    let is_missing = folder.place(&path).symlink_metadata().is_err();
    if let Some(newest) = versions
        .first()
        .filter(|newest| is_missing && is_asked(args, newest))
    {
        round_with(folder, &project, &path, newest)?;
        tell(&path, newest.rev);
        return Ok(Done::InStep);
    }
    let rev = match args.rev {
        Some(rev) => rev,
        None => before_newest(&path, &versions)?,
    };
    project.restore(&path, rev)?;
    tell(&path, rev);
    round_after(folder, &project)?;
    Ok(Done::InStep)
}

/// Whether the newest version, which the server has still, is asked for.
fn is_asked(args: &RestoreArgs, newest: &Version) -> bool {
    newest.checksum.is_some() && args.rev.is_none_or(|rev| rev == newest.rev)
}

fn tell(path: &str, rev: Rev) {
    say(format_args!(
        "{path} is restored, as it was at {}.",
        time(rev)
    ));
}

/// The newest version whose text is another than that of the newest of all.
fn before_newest(path: &str, versions: &[Version]) -> Result<Rev> {
    let Some(newest) = versions.first() else {
        bail!("The server has never had {path}.");
    };
    let is_other = |version: &&Version| {
        let is_text = version.available && version.checksum.is_some();
        is_text && version.checksum != newest.checksum
    };
    match versions.iter().find(is_other) {
        Some(version) => Ok(version.rev),
        None => bail!("The server keeps no older text of {path}."),
    }
}

/// Lists files whose newest version is a deletion.
fn deleted(project: &Project) -> Result<Done> {
    for page in Feed::new(project, BEGINNING, false) {
        let page = page?;
        let deleted = page
            .changes
            .iter()
            .filter(|change| change.checksum.is_none());
        for change in deleted {
            say(format_args!("{}  {}", time(change.rev), change.path));
        }
    }
    Ok(Done::InStep)
}

/// A rev is about its time in microseconds.
fn time(rev: Rev) -> String {
    second(rev / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(rev: Rev, checksum: Option<&str>, available: bool) -> Version {
        Version {
            rev,
            checksum: checksum.map(str::to_owned),
            size: 0,
            modified: 0,
            stored_at: 0.0,
            device: None,
            available,
        }
    }

    fn chosen(versions: &[Version]) -> Option<Rev> {
        before_newest("a.md", versions).ok()
    }

    #[test]
    fn the_text_before_the_newest_comes_back() {
        let (old, gone) = (version(1, Some("a"), true), version(2, Some("b"), false));
        let same = version(3, Some("c"), true);
        let newest = version(4, Some("c"), true);
        let deletion = version(5, None, false);
        assert_eq!(chosen(&[newest.clone(), same, gone, old.clone()]), Some(1));
        assert_eq!(chosen(&[deletion, newest.clone(), old]), Some(4));
        assert_eq!(chosen(&[newest]), None);
        assert_eq!(chosen(&[]), None);
    }
}
