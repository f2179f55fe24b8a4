"""The journal's tables and statements (SQLite)."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    to_number TEXT NOT NULL,
    from_number TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    active INTEGER NOT NULL,
    value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_active ON records (kind, seq) WHERE active;
CREATE INDEX IF NOT EXISTS records_by_number ON records (kind, to_number, seq);
CREATE TABLE IF NOT EXISTS timeline (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sid TEXT NOT NULL REFERENCES records (sid),
    value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS timeline_by_sid ON timeline (sid, id);
CREATE TABLE IF NOT EXISTS callbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sid TEXT NOT NULL REFERENCES records (sid),
    url TEXT NOT NULL,
    method TEXT NOT NULL,
    params TEXT NOT NULL,
    due_at REAL NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'status'
);
CREATE INDEX IF NOT EXISTS callbacks_waiting ON callbacks (due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS callbacks_by_sid ON callbacks (sid, id);
CREATE TABLE IF NOT EXISTS people (number TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slots (one INTEGER PRIMARY KEY CHECK (one = 1), next_at REAL NOT NULL);
"""

ADD_KIND: Final = "ALTER TABLE callbacks ADD COLUMN kind TEXT NOT NULL DEFAULT 'status'"
"""For a journal of before there were kinds."""

SELECT_PAGE: Final = """
SELECT seq, value FROM records
WHERE kind = :kind AND created_at <= :visible_until AND seq < :before_seq
    AND (:to_number = '' OR to_number = :to_number)
    AND (:from_number = '' OR from_number = :from_number)
    AND (:status = '' OR status = :status)
    AND (:started_on = '' OR date(started_at, 'unixepoch') = :started_on)
    AND (:started_from = '' OR date(started_at, 'unixepoch') >= :started_from)
    AND (:started_until = '' OR date(started_at, 'unixepoch') <= :started_until)
    AND (:ended_on = '' OR date(ended_at, 'unixepoch') = :ended_on)
    AND (:ended_from = '' OR date(ended_at, 'unixepoch') >= :ended_from)
    AND (:ended_until = '' OR date(ended_at, 'unixepoch') <= :ended_until)
ORDER BY seq DESC LIMIT :limit
"""

SAVE_RECORD: Final = """
INSERT INTO records
    (sid, kind, to_number, from_number, status, created_at, started_at, ended_at, active, value)
VALUES
    (:sid, :kind, :to_number, :from_number, :status, :created_at, :started_at, :ended_at, :active, :value)
ON CONFLICT (sid) DO UPDATE SET
    status = excluded.status, value = excluded.value, started_at = excluded.started_at,
    ended_at = excluded.ended_at, active = excluded.active
"""

CALLBACKS: Final = "SELECT id, sid, kind, url, method, params, due_at, state, error FROM callbacks "
INSERT_CALLBACK: Final = """
INSERT INTO callbacks (sid, kind, url, method, params, due_at, state) VALUES (?, ?, ?, ?, ?, ?, ?)
RETURNING id, sid, kind, url, method, params, due_at, state, error
"""
RELEASE: Final = """
UPDATE callbacks SET state = 'pending', due_at = ? WHERE sid = ? AND state = 'held'
RETURNING id, sid, kind, url, method, params, due_at, state, error
"""
