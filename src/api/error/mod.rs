//! Every way in which a request can fail, with its status, its code and what the client reads.
//!
//! `Display` is the sentence for the person at the other end. What only the operator may see is
//! the source of the error, and goes to the log once, where the error becomes an answer
//! (`failure`).

mod from;
mod kind;

pub(super) use kind::Kind;

use crate::domain::key::Scope;
use crate::domain::{MAX_FILE_BYTES, Rejection};
use crate::store;
use crate::wire::body::BodyError;
use crate::wire::failure::{INTERNAL, TIMED_OUT};

/// What only the operator may see.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No route has this path.
    #[error("Not found: this server has no such address.")]
    NotFound,
    /// The path exists, the method does not; holds the methods it has.
    #[error("This address does not support that method: use {0}.")]
    MethodNotAllowed(&'static str),
    /// The project id breaks a rule, or the request line does.
    #[error("{0}")]
    BadRequest(String),
    /// The body is not the JSON that the request needs.
    #[error(transparent)]
    BadBody(#[from] BodyError),
    /// No key was sent.
    #[error("Missing or invalid Authorization header: send 'Authorization: Bearer <API key>'.")]
    Unauthenticated,
    /// The key is wrong.
    #[error("Invalid API key: compare the key of this device with the server's.")]
    Forbidden,
    /// The key begins like one of a device and cannot be one.
    #[error("This key is mistyped or incomplete: copy it again.")]
    MalformedKey,
    /// The key was revoked.
    #[error("This key was revoked: ask the owner of the server for another.")]
    KeyRevoked,
    /// The time of the key is over.
    #[error("This key has expired: ask the owner of the server for another.")]
    KeyExpired,
    /// The key may do less than the request needs.
    #[error(
        "This request needs a key with the scope '{needs}', and this key has '{has}': ask the owner of the server for another."
    )]
    Scope {
        /// What the request needs.
        needs: Scope,
        /// What the key has.
        has: Scope,
    },
    /// The key does not open the project, whether that exists or not.
    #[error("This key does not open this project: ask the owner of the server for another.")]
    Project,
    /// A key that may do more than the one that asks for it.
    #[error(
        "A key cannot make one that may do more, opens more projects or lasts longer than itself."
    )]
    WiderKey,
    /// No such key, or one that the key of the request does not manage.
    #[error("Not found: there is no such key.")]
    NoSuchKey,
    /// There are as many keys as there may be.
    #[error("There are {limit} keys already: revoke those that nobody uses.")]
    TooManyKeys {
        /// The most keys that are not revoked.
        limit: i64,
    },
    /// A setting is missing or wrong.
    #[error("The server cannot work with its settings or its database: its log says why.")]
    NotConfigured(#[source] Source),
    /// The client has used up its window.
    #[error("Too many requests: wait {retry_after_s} seconds and try again.")]
    RateLimited {
        /// Seconds until the window ends, at least 1.
        retry_after_s: u64,
    },
    /// As many connections of this key wait as may.
    #[error(
        "This key has {limit} connections waiting already: ask without 'wait', or retry in {retry_after_s} seconds, and give each device its own key."
    )]
    KeyWaits {
        /// How many may.
        limit: usize,
        /// Seconds after which a place may be free.
        retry_after_s: u64,
    },
    /// No more connections may wait for changes.
    #[error(
        "Too many devices wait for changes: ask without 'wait', or retry in {retry_after_s} seconds."
    )]
    TooManyWaiting {
        /// Seconds after which a place may be free.
        retry_after_s: u64,
    },
    /// The body, as sent or inflated, is over `MAX_BODY_SIZE`.
    #[error("The request body is larger than {limit_bytes} bytes: push fewer files at once.")]
    BodyTooLarge {
        /// `MAX_BODY_SIZE`.
        limit_bytes: usize,
    },
    /// The connection ended, or the stream broke, before the body was whole.
    #[error("The request body did not arrive whole: send it again.")]
    BodyCutShort,
    /// A `content-encoding` other than gzip and identity.
    #[error("The content-encoding '{0}' is not supported: send gzip or none.")]
    UnsupportedEncoding(String),
    /// The body says gzip and is not.
    #[error("The request body is not valid gzip: compress it again or send it as it is.")]
    BadGzip,
    /// One decoded file is over `MAX_FILE_SIZE`.
    #[error(
        "The file '{path}' is larger than {limit_bytes} bytes: leave it out, or raise MAX_FILE_SIZE on the server."
    )]
    FileTooLarge {
        /// The path of the file.
        path: String,
        /// `MAX_FILE_SIZE`.
        limit_bytes: usize,
    },
    /// A stored file that no answer can carry.
    #[error(
        "The file '{path}' has {size} bytes, and an answer carries at most {MAX_FILE_BYTES}: take it out with 'kamiflow-sync export', and delete it."
    )]
    StoredFileTooLarge {
        /// The path of the file.
        path: String,
        /// Bytes of its content.
        size: u64,
    },
    /// A path that some client could not write, or that would leave its folder.
    #[error("The path '{path}' {rule}.")]
    BadPath {
        /// The path as it was sent, cut short.
        path: String,
        /// The broken rule, following "the path".
        rule: &'static str,
    },
    /// `content` is not base64.
    #[error("The content of '{path}' is not valid base64.")]
    BadBase64 {
        /// The path of the file.
        path: String,
    },
    /// `checksum` is not the SHA-256 of the decoded content.
    #[error(
        "The checksum of '{path}' does not match its content: read the file again and push it."
    )]
    ChecksumMismatch {
        /// The path of the file.
        path: String,
    },
    /// One path twice in a request, with different outcomes.
    #[error("The path '{path}' is in this request twice, with different entries: send it once.")]
    DuplicatePath {
        /// The path of the file.
        path: String,
    },
    /// A cursor that no server wrote.
    #[error(
        "The cursor in 'since' is malformed: use the 'cursor' of an earlier answer, or 0 for the beginning."
    )]
    BadCursor,
    /// A cursor of another history than the project's: it was restored from a backup, or deleted
    /// and made again.
    #[error(
        "The cursor is from another history of this project, as before a restore: resync with /diff or /manifest, and use the new cursor."
    )]
    ResyncRequired,
    /// What the client has seen has changed since.
    #[error("Nothing was changed: {0}. Look at what is there now.")]
    Outdated(&'static str),
    /// No such project, path, version or live file.
    #[error("Not found: {0}.")]
    Missing(String),
    /// A moment before the project's first version.
    #[error("Not found: {}.", store::Error::BeforeFirstVersion)]
    BeforeFirstVersion,
    /// The content of this version was pruned.
    #[error("The content of this version of '{path}' is no longer kept: restore a newer one.")]
    ContentGone {
        /// The path of the file.
        path: String,
    },
    /// A rule forbids the push; nothing was stored.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The disk, or the database's own limit, is full.
    #[error("The server has no space left, so nothing was stored: ask its operator to make some.")]
    StorageFull,
    /// Another writer kept the database locked for the whole busy timeout.
    #[error("The server is busy: try again in a moment.")]
    Busy,
    /// The project was moved to another server, which should have got the request.
    #[error(
        "This project was moved to another server, which did not get this request: try again in a moment, or sync with the address of that server."
    )]
    Moved,
    /// A statement ran for longer than the host allows; nothing of its transaction is stored.
    #[error("{TIMED_OUT}")]
    TimedOut,
    /// The server that holds the database, such as libSQL's, cannot be reached: nothing is stored. Or the connection broke
    /// before its answer: a push may be stored then, and changes nothing when it is sent again.
    #[error("The server cannot reach its database: try again in a moment.")]
    Unreachable(#[source] Source),
    /// A deep health check failed; holds the part that does not work.
    #[error("The server is not healthy: its {0} does not work.")]
    Unhealthy(&'static str, #[source] Source),
    /// A deep health check found no space to write to.
    #[error("The server is not healthy: its disk is full. Make space on it.")]
    DiskFull(#[source] Source),
    /// Anything else.
    #[error("{INTERNAL}")]
    Internal(#[source] Source),
}
