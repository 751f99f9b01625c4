-- v 1
-- A project exists exactly as long as its row here.
CREATE TABLE project (
  number     INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,  -- as the client spells it
  name       TEXT,
  git_repo   TEXT,
  last_rev   INTEGER NOT NULL,         -- the highest rev ever given out, in µs since 1970; never goes back
  epoch      INTEGER NOT NULL,         -- random; cursors of a deleted project of the same id do not fit
  head       INTEGER,                  -- rev of the newest version; null before the first
  tag        INTEGER NOT NULL,         -- running hash over all changes up to head
  file_count INTEGER NOT NULL,         -- live files
  total_size INTEGER NOT NULL,         -- their bytes
  digest     BLOB    NOT NULL,         -- their fingerprint, 32 bytes
  swept_at   INTEGER NOT NULL,         -- when the retention last looked here, in µs since 1970
  swept_to   TEXT    NOT NULL          -- the path it looked at last; empty at the end of a round
)
-- v 2
-- What is left of a deleted project: where its revs go on should it be made again.
CREATE TABLE retired (
  id       TEXT    PRIMARY KEY,
  last_rev INTEGER NOT NULL
) WITHOUT ROWID
-- v 3
-- Content is stored once per project and checksum, and not shared between projects, so that
-- deleting one removes its bytes and tells nothing about another.
CREATE TABLE content (
  id       INTEGER PRIMARY KEY,
  project  INTEGER NOT NULL,
  checksum BLOB    NOT NULL,           -- SHA-256, 32 bytes
  bytes    BLOB    NOT NULL
)
-- v 4
CREATE UNIQUE INDEX content_by_checksum ON content (project, checksum)
-- v 5
-- Every version of every path; rows are added and never changed, but for content that the
-- retention lets go.
CREATE TABLE version (
  project  INTEGER NOT NULL,
  rev      INTEGER NOT NULL,           -- µs since 1970, unique in the project, in order of storing, never a whole ms
  path     TEXT    NOT NULL,
  checksum BLOB,                       -- null: this version is a deletion
  size     INTEGER NOT NULL,           -- bytes
  modified INTEGER NOT NULL,           -- ms since 1970, by the clock of the client
  device   TEXT,                       -- who stored it, as far as the client said
  previous INTEGER,                    -- rev of the version of this path before; null for the first
  tag      INTEGER NOT NULL,           -- running hash over all changes up to this one
  content  INTEGER,                    -- content.id; null for a deletion and when let go
  PRIMARY KEY (project, rev)
) WITHOUT ROWID
-- v 6
-- The newest version of every path.
CREATE TABLE file (
  project INTEGER NOT NULL,
  path    TEXT    NOT NULL,
  rev     INTEGER NOT NULL,
  deleted INTEGER NOT NULL,            -- 1 when that version is a deletion
  PRIMARY KEY (project, path)
) WITHOUT ROWID
-- v 7
CREATE UNIQUE INDEX file_by_rev ON file (project, deleted, rev)
-- v 8
-- Finds out whether content that one version lets go is still another's.
CREATE INDEX version_by_content ON version (content) WHERE content IS NOT NULL
-- v 9
-- A new version is the newest one of its path.
CREATE TRIGGER newest_version AFTER INSERT ON version BEGIN
  INSERT INTO file (project, path, rev, deleted)
  VALUES (NEW.project, NEW.path, NEW.rev, NEW.checksum IS NULL)
  ON CONFLICT (project, path) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted;
END
-- v 10
-- Deleted projects whose rows in other tables, or whose pages in the log, are not all removed yet.
CREATE TABLE removal (
  project INTEGER PRIMARY KEY          -- project.number, which no other project has meanwhile
)
-- v 11
-- What is known of the server's clock, in µs since 1970. It has one row, made by the first pull or push.
CREATE TABLE clock (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  latest         INTEGER NOT NULL,     -- the latest moment that the server has acted on
  reading        INTEGER NOT NULL,     -- the last reading that was recorded
  pending        INTEGER NOT NULL,     -- a reading that is trusted when the clock has run on for a day
  before_pending INTEGER NOT NULL,     -- the reading before that one
  trusted        INTEGER NOT NULL      -- the time by which content is pruned
)
-- v 12
-- Where the retention goes on inside the history of the path project.swept_to, when its last step
-- ended there.
CREATE TABLE sweep (
  project INTEGER PRIMARY KEY,
  rev     INTEGER NOT NULL,            -- the last version that it looked at
  place   INTEGER NOT NULL             -- how many versions of the path are newer
)
-- v 13
-- What is left of purged versions: it proves the cursors of clients that have read up to them.
CREATE TABLE purged (
  project INTEGER NOT NULL,
  rev     INTEGER NOT NULL,
  tag     INTEGER NOT NULL,            -- running hash over all changes up to this one
  PRIMARY KEY (project, rev)
) WITHOUT ROWID
-- v 14
-- The names of live files and of the folders above them. Names of one form are one for a file system that ignores case
-- or how an accent is written.
CREATE TABLE live_name (
  project INTEGER NOT NULL,
  folded  TEXT    NOT NULL,            -- their form
  path    TEXT    NOT NULL,            -- as it is spelled
  fault   INTEGER NOT NULL,            -- 1 for a file that some system cannot hold, whatever there is beside it
  PRIMARY KEY (project, folded, path)
) WITHOUT ROWID
-- v 15
-- Names with a fault or a twin, kept by the triggers below; null until all names of the project are listed.
ALTER TABLE project ADD COLUMN unportable INTEGER
-- v 16
-- A name counts when it has a fault or a twin, so an only twin without a fault begins to count with it.
CREATE TRIGGER name_added AFTER INSERT ON live_name
WHEN NEW.fault OR EXISTS (
  SELECT 1 FROM live_name WHERE project = NEW.project AND folded = NEW.folded AND path <> NEW.path)
BEGIN
  UPDATE project SET unportable = unportable + 1 + (SELECT count(*) = 1 AND max(fault) = 0 FROM (
    SELECT fault FROM live_name
    WHERE project = NEW.project AND folded = NEW.folded AND path <> NEW.path LIMIT 2))
  WHERE number = NEW.project;
END
-- v 17
CREATE TRIGGER name_removed AFTER DELETE ON live_name
WHEN OLD.fault OR EXISTS (
  SELECT 1 FROM live_name WHERE project = OLD.project AND folded = OLD.folded AND path <> OLD.path)
BEGIN
  UPDATE project SET unportable = unportable - 1 - (SELECT count(*) = 1 AND max(fault) = 0 FROM (
    SELECT fault FROM live_name
    WHERE project = OLD.project AND folded = OLD.folded AND path <> OLD.path LIMIT 2))
  WHERE number = OLD.project;
END
-- v 18
-- A folder became a file, or a file a folder.
CREATE TRIGGER name_changed AFTER UPDATE OF fault ON live_name
WHEN NOT EXISTS (
  SELECT 1 FROM live_name WHERE project = NEW.project AND folded = NEW.folded AND path <> NEW.path)
BEGIN
  UPDATE project SET unportable = unportable + NEW.fault - OLD.fault WHERE number = NEW.project;
END
-- v 19
-- Keys of devices. A revoked one keeps its row, so that no backup brings it back, and the names in the history
-- keep their meaning.
CREATE TABLE device_key (
  number         INTEGER PRIMARY KEY,
  id             TEXT    NOT NULL UNIQUE,  -- the public part of the key
  name           TEXT    NOT NULL,
  scope          TEXT    NOT NULL,         -- read, append, write or manage
  projects       TEXT,                     -- ids as a JSON array; null for all
  hash           BLOB    NOT NULL,         -- SHA-256 of the secret, 32 bytes
  secret_at      INTEGER NOT NULL,         -- when the secret was made; all times in µs since 1970
  previous_hash  BLOB,                     -- of the secret before
  previous_until INTEGER,                  -- until when that one works too
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER,
  revoked_at     INTEGER,
  last_used_at   INTEGER                   -- at most ten minutes before the last use
)
-- v 20
-- device_key.number of the key that pushed a version; null for the owner's key, and for what was restored or imported.
ALTER TABLE version ADD COLUMN key INTEGER
-- v 21
-- How far a device has come in a project.
CREATE TABLE device_project (
  project      INTEGER NOT NULL,
  key          INTEGER NOT NULL,       -- device_key.number
  epoch        INTEGER NOT NULL,       -- of the project; a row of another one means nothing
  asked        INTEGER,                -- see domain/pull_marks.rs; null before the first pull
  sent         INTEGER,
  confirmed    INTEGER,
  shared_until INTEGER,                -- µs since 1970
  cursor       TEXT,                   -- of a request to the change feed, at most ten minutes before the last; null before the first
  cursor_at    INTEGER,                -- when it was sent, in µs since 1970
  PRIMARY KEY (project, key)
) WITHOUT ROWID
-- v 22
-- Live files that a deleted project had; null when all deleted projects are removed.
ALTER TABLE retired ADD COLUMN files INTEGER
-- v 23
-- Sessions of the dashboard.
CREATE TABLE session (
  hash    BLOB    PRIMARY KEY,         -- of the id in the cookie, 32 bytes
  key     TEXT,                        -- device_key.id of the key that opened it; null for the owner's key or password
  proof   BLOB    NOT NULL,            -- SHA-256 of the id and of what opened it, 32 bytes
  used_at INTEGER NOT NULL             -- µs since 1970, at most ten minutes before the last use
) WITHOUT ROWID
-- v 24
-- What a push writes, for the trigger below: a row for each new version. The table stays empty. It is no view, since with one
-- PRAGMA integrity_check may leave out pages that nothing uses.
CREATE TABLE pushed (
  project, rev, path, checksum, size, modified, device, key, previous, tag,
  bytes,       -- null when the content is stored already
  epoch, last_rev,  -- null, or nothing of the statement is written unless they are those of the project
  names,       -- forms of new names by path, a JSON object; this and what follows is in the last row
  faults,      -- those of these paths that have a fault, a JSON array
  gone,        -- as names, for those of deleted files and of the folders above them
  file_count, total_size, digest, name, git_repo
)
-- v 25
-- All that a push writes, in one statement: each is a call into the host, and a round trip to a server such as libSQL's.
CREATE TRIGGER push BEFORE INSERT ON pushed BEGIN
  SELECT RAISE(ABORT, 'the project has changed') WHERE NEW.epoch IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM project WHERE number = NEW.project AND epoch = NEW.epoch AND last_rev = NEW.last_rev);
  INSERT INTO content (project, checksum, bytes)
  SELECT NEW.project, NEW.checksum, NEW.bytes WHERE NEW.bytes IS NOT NULL
  ON CONFLICT (project, checksum) DO NOTHING;
  INSERT INTO version (project, rev, path, checksum, size, modified, device, key, previous, tag, content)
  SELECT NEW.project, NEW.rev, NEW.path, NEW.checksum, NEW.size, NEW.modified, NEW.device, NEW.key, NEW.previous, NEW.tag,
    (SELECT id FROM content WHERE project = NEW.project AND checksum = NEW.checksum)
  WHERE NEW.rev IS NOT NULL;
  -- The name may be that of a folder, or have been listed meanwhile.
  INSERT INTO live_name (project, folded, path, fault)
  SELECT NEW.project, name.value, name.key,
    iif(NEW.faults IS NULL, 0, name.key IN (SELECT value FROM json_each(NEW.faults)))
  FROM json_each(NEW.names) AS name WHERE NEW.names IS NOT NULL
  ON CONFLICT (project, folded, path) DO UPDATE SET fault = excluded.fault WHERE fault <> excluded.fault;
  DELETE FROM live_name WHERE NEW.gone IS NOT NULL AND project = NEW.project
    AND (folded, path) IN (SELECT value, key FROM json_each(NEW.gone))
    AND NOT EXISTS (
      SELECT 1 FROM file WHERE file.project = NEW.project AND file.path = live_name.path AND deleted = 0)
    AND NOT EXISTS (
      SELECT 1 FROM file WHERE file.project = NEW.project AND deleted = 0
        AND file.path > live_name.path || '/' AND file.path < live_name.path || '0');
  UPDATE project SET last_rev = coalesce(NEW.rev, last_rev), head = coalesce(NEW.rev, head),
    tag = iif(NEW.rev IS NULL, tag, NEW.tag),
    file_count = NEW.file_count, total_size = NEW.total_size, digest = NEW.digest,
    name = coalesce(NEW.name, name), git_repo = coalesce(NEW.git_repo, git_repo)
  WHERE number = NEW.project AND NEW.file_count IS NOT NULL AND (NEW.rev IS NOT NULL
    OR coalesce(NEW.name, name) IS NOT name OR coalesce(NEW.git_repo, git_repo) IS NOT git_repo);
  -- The row itself is not stored.
  SELECT RAISE(IGNORE);
END
-- v 26
-- When the project was moved to another server, in µs since 1970; null for one that was deleted. The id of one that was moved
-- is closed here.
ALTER TABLE retired ADD COLUMN moved_at INTEGER
-- v 27
-- When the project was deleted, in µs since 1970; null for one that was deleted before this step, and for one that only
-- keeps a rev.
ALTER TABLE retired ADD COLUMN deleted_at INTEGER
-- v 28
-- The path that a purged version was of; null for one that was purged before this step.
ALTER TABLE purged ADD COLUMN path TEXT
