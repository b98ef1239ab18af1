"""The relay's tables.  Nothing in them names a party: line ids and box addresses are opaque, keys are per line.

Every row is covered by a hash that is checked at start (`audit.py`): entries by the tree of their line,
the tree by the signed checkpoint, the rest by a digest of its own.  Which key placed which entry is not
kept: nobody needs it, so nobody can be made to hand it over.
"""

from __future__ import annotations

from detente.sqlkit.database import Schema

_V1 = """
CREATE TABLE relay (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    origin   TEXT NOT NULL,                 -- prefix of every line's origin
    key      BLOB NOT NULL                  -- public half of the checkpoint key
) STRICT;

CREATE TABLE line (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,          -- base32 of 16 random bytes, chosen by the founder
    founded  BLOB NOT NULL,                 -- SHA-256 of the write keys at the founding
    writers  BLOB NOT NULL,                 -- Ed25519 public keys now, sorted, one after the other
    digest   BLOB NOT NULL
) STRICT;

CREATE TABLE head (
    line       INTEGER PRIMARY KEY REFERENCES line (number),
    epoch      INTEGER NOT NULL,            -- the epoch in which the relay expects the next entry
    size       INTEGER NOT NULL,
    time       INTEGER NOT NULL,            -- of the last entry, milliseconds
    frontier   BLOB NOT NULL,               -- size and at most 63 hashes
    digest     BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    line   INTEGER NOT NULL REFERENCES line (number),
    size   INTEGER NOT NULL,
    note   TEXT NOT NULL,                   -- signed note over (origin, size, root)
    digest BLOB NOT NULL,
    PRIMARY KEY (line, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    line      INTEGER NOT NULL REFERENCES line (number),
    position  INTEGER NOT NULL,
    kind      INTEGER NOT NULL,             -- 0 talk, 1 commit
    epoch     INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    bucket    INTEGER NOT NULL,             -- class of the ciphertext's length
    hash      BLOB NOT NULL,                -- SHA-256 of the ciphertext
    tag       BLOB NOT NULL,                -- 32 bytes, chosen by the author: the same tag is the same entry
    leaf_hash BLOB NOT NULL,
    PRIMARY KEY (line, position)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entry_by_tag ON entry (line, tag);

CREATE TABLE ciphertext (
    line     INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    PRIMARY KEY (line, position),
    FOREIGN KEY (line, position) REFERENCES entry (line, position)
) STRICT;

CREATE TABLE cosignature (
    line   INTEGER NOT NULL REFERENCES line (number),
    writer BLOB NOT NULL,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    text   TEXT NOT NULL,                   -- opaque here: its readers verify it
    digest BLOB NOT NULL,
    PRIMARY KEY (line, writer)
) STRICT, WITHOUT ROWID;

CREATE TABLE box (
    number  INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,           -- base32 of SHA-256(key)
    key     BLOB NOT NULL,
    next    INTEGER NOT NULL                -- number of the next item; never used twice
) STRICT;

CREATE TABLE mail (
    box    INTEGER NOT NULL REFERENCES box (number),
    number INTEGER NOT NULL,
    tag    BLOB NOT NULL,
    sealed BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (box, number)
) STRICT;

CREATE UNIQUE INDEX mail_by_tag ON mail (box, tag);
"""

SCHEMA = Schema("relay", 0x44654E52, (_V1,), check="integrity_check")
