//! Group commit: transactions of several guests in one commit.
//!
//! A commit waits for the disk, and it makes the page caches of all other connections stale. So
//! transactions that begin with [`BEGIN_GROUPED`] write on one connection, one after the other. A
//! finished transaction lets queued writers run; the first finished one to get the lock back commits
//! for all. While there is uncommitted work of others, a transaction is a savepoint, so that it can
//! fail alone.
//!
//! To everybody else the group is one transaction: none of it is visible before it is committed,
//! and no commit is acknowledged before it is on the disk. If the commit fails, it fails for the
//! whole group. A guest that rolls back has seen the work of the transactions before its own and may
//! tell its client about it, as a conflict does: so that work is committed first, and the rollback fails if
//! that does.
//!
//! A long log is moved into the file after the answers to a commit, on a thread that serves nobody.
//! Meanwhile others read their requests; only the next writer waits for it.
//!
//! [`BEGIN_GROUPED`]: kamiflow_sync_component::store::BEGIN_GROUPED

mod group;
mod log;
mod transaction;

pub use group::GroupCommit;
pub use transaction::GroupedTransaction;
