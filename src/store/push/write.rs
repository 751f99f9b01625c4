//! Writes a push, whole or not at all.

use super::insert::Writing;
use super::numbering::Numbering;
use crate::domain::{
    CurrentState, Cursor, Outcome, Plan, ProjectId, Push, Rejection, Replaced, Rev, Rules, Step,
    UnportableName,
};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::store::Store;

/// Which project a push goes to, when, and by which rules.
#[derive(Debug, Clone, Copy)]
pub struct PushTo<'a> {
    pub(in crate::store) id: &'a ProjectId,
    pub(super) now_us: Rev,
    pub(super) rules: &'a Rules,
    /// Whether others are pushing into the project.
    pub(super) is_contended: bool,
}

impl<'a> PushTo<'a> {
    /// Microseconds since 1970 and the rules of the settings.
    pub fn new(id: &'a ProjectId, now_us: Rev, rules: &'a Rules) -> Self {
        Self {
            id,
            now_us,
            rules,
            is_contended: false,
        }
    }

    /// Runs it in a transaction from the start, also where one statement would do: others are pushing into the project, and
    /// it would come too late.
    pub(super) fn in_transaction(self) -> Self {
        Self {
            is_contended: true,
            ..self
        }
    }
}

/// What a push did.
#[derive(Debug)]
pub struct Applied {
    /// The position of the change feed before it.
    pub previous: Cursor,
    /// The position of the change feed after it.
    pub cursor: Cursor,
    /// Newer edits that an older one replaced.
    pub replaced: Vec<Replaced>,
    /// Names of its files, and of folders above them, that some system cannot hold.
    pub unportable: Vec<UnportableName>,
    /// What became of each path, in the order of the request: deletions last.
    pub outcomes: Vec<Outcome>,
    /// Whether it is time to [`prune`](Store::prune) the project.
    pub prune_is_due: bool,
    /// Whether it was done a second time, in a transaction, since another push came first.
    pub(super) has_met: bool,
}

impl Store {
    /// Applies a push; to be called inside a transaction. [`Error::NamesNotListed`] for a project
    /// whose files were stored before names were listed.
    pub fn push(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        let (existing, current) = self.current_state(to.id, push)?;
        self.push_onto(existing, &current, push, to)
    }

    /// Applies a push to what is stored.
    pub(super) fn push_onto(
        &self,
        existing: Option<Project>,
        current: &CurrentState,
        push: &Push,
        to: &PushTo,
    ) -> Result<Applied, Error> {
        let plan = to.rules.plan(push, current)?;
        let project = match existing {
            Some(project) if project.unportable.is_none() => return Err(Error::NamesNotListed),
            Some(project) => project,
            None if plan.is_empty() && !push.describes_project() => {
                return Ok(Applied::nothing(push, plan));
            }
            None => self.create_project(to.id, to.now_us)?,
        };
        let numbered = Numbered::new(project, plan, to)?;
        self.write_plan(&numbered.writing(push, current))?;
        Ok(numbered.applied(push, to.now_us))
    }

    /// What a push of a project would do, in a snapshot. Its cursor is the present one.
    pub(in crate::store) fn preview(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        let (project, current) = self.current_state(to.id, push)?;
        let plan = to.rules.plan(push, &current)?;
        let project = project.ok_or(Error::NoProject)?;
        let applied = Numbered::new(project, plan, to)?.applied(push, to.now_us);
        Ok(Applied {
            cursor: applied.previous,
            prune_is_due: false,
            ..applied
        })
    }
}

/// A plan with its numbers, and the project as it is afterwards.
pub(super) struct Numbered<'p> {
    plan: Plan<'p>,
    numberings: Vec<Numbering>,
    previous: Cursor,
    project: Project,
}

impl<'p> Numbered<'p> {
    pub(super) fn new(
        mut project: Project,
        plan: Plan<'p>,
        to: &PushTo,
    ) -> Result<Self, Rejection> {
        let previous = project.cursor();
        let numberings = project.number_plan(&plan, to.now_us, to.rules.max_files)?;
        Ok(Self {
            plan,
            numberings,
            previous,
            project,
        })
    }

    pub(super) fn writing<'a>(
        &'a self,
        push: &'a Push,
        current: &'a CurrentState<'p>,
    ) -> Writing<'a> {
        Writing {
            push,
            plan: &self.plan,
            numberings: &self.numberings,
            names: &current.names,
            project: &self.project,
            before: None,
        }
    }

    pub(super) fn applied(self, push: &Push, now_us: Rev) -> Applied {
        Applied {
            previous: self.previous,
            cursor: self.project.cursor(),
            outcomes: outcomes(push, &self.plan, &self.numberings),
            prune_is_due: self.project.prune_is_due(now_us),
            has_met: false,
            unportable: self.plan.unportable,
            replaced: self.plan.replaced,
        }
    }
}

impl Applied {
    /// Whether it stored a new version of any path.
    pub fn is_change(&self) -> bool {
        self.outcomes
            .iter()
            .any(|outcome| outcome.status.is_change())
    }

    /// A push that neither stored nor deleted anything in a project that does not exist.
    fn nothing(push: &Push, plan: Plan) -> Self {
        Self {
            previous: Cursor::BEGINNING,
            cursor: Cursor::BEGINNING,
            outcomes: outcomes(push, &plan, &[]),
            replaced: Vec::new(),
            unportable: Vec::new(),
            prune_is_due: false,
            has_met: false,
        }
    }
}

/// In the order of the request, in which the deletions come last.
fn outcomes(push: &Push, plan: &Plan, numberings: &[Numbering]) -> Vec<Outcome> {
    let mut numberings = numberings.iter();
    let outcome = |step: &Step| Outcome {
        path: step.path.to_string(),
        status: step.status,
        rev: if step.is_change() {
            numberings.next().map(|numbering| numbering.rev)
        } else {
            step.before.map(|before| before.rev)
        },
    };
    let mut outcomes: Vec<_> = plan.steps.iter().map(outcome).collect();
    outcomes.rotate_left(push.deletes.len());
    outcomes
}

#[cfg(test)]
mod tests {
    use crate::domain::{Rejection, Status};
    use crate::store::test_support::{TestFile, id, push, rules};
    use crate::store::{Error, PushTo};

    #[test]
    fn outcomes_are_in_the_order_of_the_request() {
        let store = TestFile::new();
        let store = store.store();
        store.push_at(1, &[("old", Some("x"))]);
        let push = push(&[("old", None), ("never", None), ("new", Some("y"))]);
        let applied = store
            .write(|store| store.push(&push, &PushTo::new(&id(), 10, &rules())))
            .unwrap();
        let outcomes: Vec<_> = applied
            .outcomes
            .iter()
            .map(|outcome| (outcome.path.as_str(), outcome.status, outcome.rev))
            .collect();
        assert_eq!(
            outcomes,
            [
                ("new", Status::Created, Some(11)),
                ("old", Status::Deleted, Some(10)),
                ("never", Status::Absent, None),
            ]
        );
        let project = store.project(&id()).unwrap().unwrap();
        assert_eq!((project.file_count, project.total_size), (1, 1));
        assert_eq!(applied.cursor, project.cursor());
    }

    #[test]
    fn each_push_begins_where_the_one_before_ended() {
        let file = TestFile::new();
        let store = file.store();
        let apply = |now_us, entries| {
            let (push, id, rules) = (push(entries), id(), rules());
            let to = PushTo::new(&id, now_us, &rules);
            store.write(|store| store.push(&push, &to)).unwrap()
        };
        let first = apply(1, &[("a", Some("x")), ("b", Some("y"))]);
        let second = apply(10, &[("a", None)]);
        let nothing = apply(20, &[("b", Some("y"))]);
        assert_eq!(first.previous.to_string(), "0");
        assert_eq!(second.previous, first.cursor);
        assert_eq!(
            (nothing.previous, nothing.cursor),
            (second.cursor, second.cursor)
        );
    }

    #[test]
    fn a_rejected_push_stores_nothing() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("x"))]);
        let push = push(&[("b", Some("y")), ("a/c", Some("z"))]);
        let result = store.write(|store| store.push(&push, &PushTo::new(&id(), 10, &rules())));
        assert!(matches!(
            result,
            Err(Error::Rejected(Rejection::PathClash(_)))
        ));
        drop(store);
        let project = file.store().project(&id()).unwrap().unwrap();
        assert_eq!((project.file_count, project.last_rev), (1, 1));
    }

    #[test]
    fn a_push_that_changes_nothing_makes_no_project() {
        let file = TestFile::new();
        let store = file.store();
        assert!(store.push_at(1, &[("a", None)]).is_empty());
        assert!(store.project(&id()).unwrap().is_none());
    }
}
