"""The register's tables.  Everything in them is public."""

from __future__ import annotations

from detente.sqlkit.database import Schema

_V1 = """
CREATE TABLE register (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    origin   TEXT NOT NULL,                 -- of its log
    key      BLOB NOT NULL                  -- public half of the key that signs its checkpoints
) STRICT;

CREATE TABLE instrument (
    position  INTEGER PRIMARY KEY,          -- in the log, from 0
    digest    BLOB NOT NULL UNIQUE,         -- SHA-256 of the file
    act       BLOB NOT NULL UNIQUE,         -- what was sealed: one instrument stands here once
    published INTEGER NOT NULL,             -- milliseconds
    file      BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    note     TEXT NOT NULL                  -- signed: the newest head
) STRICT;
"""

SCHEMA = Schema(name="register", application_id=0x64_74_72_67, migrations=(_V1,))
