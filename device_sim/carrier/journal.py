"""The carrier's memory on disk: calls, messages, their timelines, callbacks still to send, people changed.

SQLite in the state folder. Each method is one transaction, committed when it returns; a second
carrier on the same folder is refused. `synchronous=NORMAL` with a write-ahead log survives the
kill of the process, which is what is promised; loss of power is not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter

from device_sim.carrier.calls import Call
from device_sim.carrier.messages import Message
from device_sim.carrier.nastiness import Delivery, DeliveryState
from device_sim.carrier.people import Person
from device_sim.carrier.timeline import Entry

Record = Call | Message
Kind = Literal["call", "message"]

_SCHEMA: Final = """
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
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS callbacks_waiting ON callbacks (due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS callbacks_by_sid ON callbacks (sid, id);
CREATE TABLE IF NOT EXISTS people (number TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slots (one INTEGER PRIMARY KEY CHECK (one = 1), next_at REAL NOT NULL);
"""

_SELECT_PAGE: Final = """
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

_SAVE_RECORD: Final = """
INSERT INTO records
    (sid, kind, to_number, from_number, status, created_at, started_at, ended_at, active, value)
VALUES
    (:sid, :kind, :to_number, :from_number, :status, :created_at, :started_at, :ended_at, :active, :value)
ON CONFLICT (sid) DO UPDATE SET
    status = excluded.status, value = excluded.value, started_at = excluded.started_at,
    ended_at = excluded.ended_at, active = excluded.active
"""

_CALLBACKS: Final = "SELECT id, sid, url, method, params, due_at, state, error FROM callbacks "
_INSERT_CALLBACK: Final = """
INSERT INTO callbacks (sid, url, method, params, due_at, state) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id, sid, url, method, params, due_at, state, error
"""
_RELEASE: Final = """
UPDATE callbacks SET state = 'pending', due_at = ? WHERE sid = ? AND state = 'held'
RETURNING id, sid, url, method, params, due_at, state, error
"""

_CALL: Final = TypeAdapter(Call)
_MESSAGE: Final = TypeAdapter(Message)
_ENTRY: Final = TypeAdapter(Entry)
_PARAMS: Final = TypeAdapter(dict[str, str])


class FolderInUse(RuntimeError):
    """Another carrier holds this state folder."""


@dataclass(frozen=True)
class Filter:
    """What a list is asked for; empty fields do not narrow it. Dates are YYYY-MM-DD, inclusive."""

    to_number: str = ""
    from_number: str = ""
    status: str = ""
    started_on: str = ""
    started_from: str = ""
    started_until: str = ""
    ended_on: str = ""
    ended_from: str = ""
    ended_until: str = ""


@dataclass(frozen=True)
class Callback:
    """A status callback in the journal; `params` are sent as they are."""

    id: int
    sid: str
    url: str
    method: str
    params: dict[str, str]
    due_at: float
    state: DeliveryState
    error: str


class Journal:
    """One per process."""

    def __init__(self, folder: Path) -> None:
        """Open or create the journal.

        Raises:
            FolderInUse: another carrier holds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "carrier.sqlite3", timeout=0, isolation_level=None)
        try:
            # Exclusive until the process ends, however it ends: the lock is the operating system's.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO slots VALUES (1, 0)")
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise FolderInUse(f"another carrier uses {folder}") from None
            raise

    def close(self) -> None:
        """Release the folder."""
        self._db.close()

    def save(
        self,
        record: Record,
        entries: Iterable[Entry] = (),
        callbacks: Iterable[tuple[str, str, dict[str, str], Sequence[Delivery]]] = (),
        *,
        next_slot_at: float | None = None,
        release_held_at: float | None = None,
    ) -> list[Callback]:
        """Write a call or message, what happened to it, and the callbacks (url, method, params, copies) of that.

        Returns the callbacks that now wait to be sent: new ones, and those held until `release_held_at`.
        """
        waiting: list[Callback] = []
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(_SAVE_RECORD, _columns(record))
            self._db.executemany(
                "INSERT INTO timeline (sid, value) VALUES (?, ?)",
                [(record.sid, _ENTRY.dump_json(entry).decode()) for entry in entries],
            )
            if release_held_at is not None:
                rows = self._db.execute(_RELEASE, (release_held_at, record.sid)).fetchall()
                waiting += [_callback(row) for row in rows]
            for url, method, params, copies in callbacks:
                for copy in copies:
                    values = (record.sid, url, method, json.dumps(params), *copy)
                    row = self._db.execute(_INSERT_CALLBACK, values).fetchone()
                    waiting += [_callback(row)] if copy.state == "pending" else []
            if next_slot_at is not None:
                self._db.execute("UPDATE slots SET next_at = ?", (next_slot_at,))
        return waiting

    def call(self, sid: str) -> Call | None:
        """One call, or None."""
        value = self._value("call", sid)
        return None if value is None else _CALL.validate_json(value)

    def message(self, sid: str) -> Message | None:
        """One message, or None."""
        value = self._value("message", sid)
        return None if value is None else _MESSAGE.validate_json(value)

    def active_calls(self) -> list[Call]:
        """Calls that have not ended, oldest first."""
        return [_CALL.validate_json(value) for value in self._active("call")]

    def active_messages(self) -> list[Message]:
        """Messages on their way, oldest first."""
        return [_MESSAGE.validate_json(value) for value in self._active("message")]

    def calls(self, wanted: Filter, visible_until: float, before: str, limit: int) -> list[Call]:
        """Newest first, from after the call with sid `before`, if given."""
        return [_CALL.validate_json(row) for row in self._page("call", wanted, visible_until, before, limit)]

    def messages(self, wanted: Filter, visible_until: float, before: str, limit: int) -> list[Message]:
        """Newest first, from after the message with sid `before`, if given."""
        rows = self._page("message", wanted, visible_until, before, limit)
        return [_MESSAGE.validate_json(row) for row in rows]

    def timeline(self, sid: str) -> list[Entry]:
        """What happened to one call or message, in order."""
        rows = self._db.execute("SELECT value FROM timeline WHERE sid = ? ORDER BY id", (sid,))
        return [_ENTRY.validate_json(row[0]) for row in rows]

    def callbacks(self, sid: str) -> list[Callback]:
        """Every callback of one call or message, in the order they were made."""
        return [_callback(row) for row in self._db.execute(_CALLBACKS + "WHERE sid = ? ORDER BY id", (sid,))]

    def waiting_callbacks(self) -> list[Callback]:
        """Callbacks not yet sent, the one due first first."""
        return [
            _callback(row)
            for row in self._db.execute(_CALLBACKS + "WHERE state = 'pending' ORDER BY due_at, id")
        ]

    def settle_callback(self, callback_id: int, state: DeliveryState, error: str = "") -> None:
        """Say what became of a callback."""
        with self._db:
            self._db.execute(
                "UPDATE callbacks SET state = ?, error = ? WHERE id = ?", (state, error, callback_id)
            )

    def next_slot_at(self) -> float:
        """When the account may start its next call."""
        return float(self._db.execute("SELECT next_at FROM slots").fetchone()[0])

    def people(self) -> dict[str, Person]:
        """People changed while running, by number."""
        rows = self._db.execute("SELECT number, value FROM people")
        return {number: Person.model_validate_json(value) for number, value in rows}

    def save_person(self, number: str, person: Person) -> None:
        """Remember a change."""
        with self._db:
            self._db.execute(
                "INSERT INTO people VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET value = excluded.value",
                (number, person.model_dump_json()),
            )

    def _value(self, kind: Kind, sid: str) -> str | None:
        row = self._db.execute("SELECT value FROM records WHERE kind = ? AND sid = ?", (kind, sid)).fetchone()
        return None if row is None else str(row[0])

    def _active(self, kind: Kind) -> list[str]:
        rows = self._db.execute("SELECT value FROM records WHERE active AND kind = ? ORDER BY seq", (kind,))
        return [str(row[0]) for row in rows]

    def _page(self, kind: Kind, wanted: Filter, visible_until: float, before: str, limit: int) -> list[str]:
        before_seq = 2**62
        if before:
            row = self._db.execute("SELECT seq FROM records WHERE sid = ?", (before,)).fetchone()
            before_seq = 0 if row is None else int(row[0])
        rows = self._db.execute(
            _SELECT_PAGE,
            vars(wanted)
            | {"kind": kind, "visible_until": visible_until, "before_seq": before_seq, "limit": limit},
        )
        return [str(row[1]) for row in rows]


def _columns(record: Record) -> dict[str, object]:
    is_call = isinstance(record, Call)
    return {
        "sid": record.sid,
        "kind": "call" if is_call else "message",
        "to_number": record.order.to,
        "from_number": record.order.from_,
        "status": record.status,
        "created_at": record.created_at,
        "started_at": record.started_at if is_call else record.sent_at,
        "ended_at": record.ended_at,
        "active": record.ended_at is None,
        "value": (_CALL.dump_json(record) if is_call else _MESSAGE.dump_json(record)).decode(),
    }


def _callback(row: tuple[int, str, str, str, str, float, DeliveryState, str]) -> Callback:
    id_, sid, url, method, params, due_at, state, error = row
    return Callback(id_, sid, url, method, _PARAMS.validate_json(params), due_at, state, error)
