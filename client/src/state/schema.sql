-- Each step is one or more statements; a released step is never edited.

-- v 1
CREATE TABLE entry (
    path TEXT PRIMARY KEY,
    rev INTEGER NOT NULL,   -- the server's version that both sides had; 0 for none
    checksum TEXT,          -- its content; NULL when it was a deletion, or for none
    stamp TEXT NOT NULL,    -- the file with this content, as the system describes it; '' when not known
    sent TEXT               -- content of a push whose answer may have been lost
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
    path TEXT PRIMARY KEY,
    rev INTEGER NOT NULL,
    checksum TEXT,
    modified INTEGER NOT NULL,
    reason TEXT NOT NULL    -- why this change of the server is not on this disk
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- v 2
ALTER TABLE entry ADD COLUMN sent_modified INTEGER; -- when what was sent was changed, in milliseconds since 1970

-- v 3
CREATE TABLE deletion (
    side TEXT NOT NULL,     -- where it was deleted by a person: 'here' or 'there'
    path TEXT NOT NULL,
    at INTEGER NOT NULL,    -- milliseconds since 1970
    files INTEGER NOT NULL, -- how many files there were before
    PRIMARY KEY (side, path)
) STRICT, WITHOUT ROWID;

-- v 4
CREATE TABLE unsent (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,    -- a large file that the server does not have, as the system describes it
    checksum TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- v 5
ALTER TABLE entry ADD COLUMN previous INTEGER NOT NULL DEFAULT 0; -- the version that was here before this one; 0 when not known
