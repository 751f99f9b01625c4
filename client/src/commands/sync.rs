//! `sync`: one round.

use anyhow::Result;

use super::exit::{Done, require_read};
use super::say::say;
use super::{device, open, round, summary};
use crate::absence::Answer;
use crate::cli::SyncArgs;
use crate::error::SyncError;
use crate::report::Report;

/// Brings a folder in sync, or shows what that would do.
pub fn run(args: &SyncArgs) -> Result<Done> {
    let folder = open::folder(args.folder.as_deref())?;
    let project = open::project(&folder)?;
    let report = if args.dry_run {
        crate::round::preview(&folder, &project, &device::name())?
    } else {
        round::once(folder, &project, answer(args))
            .inspect_err(|error| tell_until_asked(error, args.json))?
    };
    tell(&report, args.json)?;
    require_read(&report)?;
    Ok(Done::InStep)
}

fn answer(args: &SyncArgs) -> Answer {
    match (args.accept_deletions, args.bring_back) {
        (true, _) => Answer::Delete,
        (_, true) => Answer::BringBack,
        _ => Answer::None,
    }
}

/// What was done before a question was asked.
fn tell_until_asked(error: &anyhow::Error, as_json: bool) {
    let Some(SyncError::Question(question, report)) = error.downcast_ref() else {
        return;
    };
    if as_json {
        let question = Some(question.to_string());
        let report = Report {
            question,
            ..Report::clone(report)
        };
        _ = tell(&report, true);
    } else if !report.is_in_step() {
        _ = tell(report, false);
    }
}

/// Prints a report.
pub fn tell(report: &Report, as_json: bool) -> Result<()> {
    if as_json {
        say(serde_json::to_string(report)?)
    } else {
        say(summary::text(report))
    }
    Ok(())
}
