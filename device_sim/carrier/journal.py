"""The carrier's memory on disk: calls, messages, conferences, their timelines, requests still to make, people changed.

SQLite in the state folder. Each method is one transaction, committed when it returns; a second
carrier on the same folder is refused. `synchronous=NORMAL` with a write-ahead log survives the
kill of the process, which is what is promised; loss of power is not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter

from device_sim.carrier.calls import Call
from device_sim.carrier.conferences import Conference
from device_sim.carrier.inbound import OurNumber
from device_sim.carrier.journal_sql import (
    ADD_KIND,
    CALLBACKS,
    INSERT_CALLBACK,
    RELEASE,
    SAVE_RECORD,
    SCHEMA,
    SELECT_PAGE,
)
from device_sim.carrier.messages import Message
from device_sim.carrier.nastiness import Delivery, DeliveryState
from device_sim.carrier.people import Person
from device_sim.carrier.timeline import Change, Entry, Outgoing, OutgoingKind

Record = Call | Message | Conference
Kind = Literal["call", "message", "conference"]

_CALL: Final = TypeAdapter(Call)
_MESSAGE: Final = TypeAdapter(Message)
_CONFERENCE: Final = TypeAdapter(Conference)
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
    """A request in the journal; `params` are sent as they are."""

    id: int
    sid: str
    kind: OutgoingKind
    url: str
    method: str
    params: dict[str, str]
    due_at: float
    state: DeliveryState
    error: str


@dataclass(frozen=True)
class Write:
    """A change to be kept, with the copies of each request that follows, and when held ones are let go."""

    change: Change[Record]
    copies: tuple[tuple[Outgoing, tuple[Delivery, ...]], ...] = ()
    release_held_at: float | None = None


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
            self._db.executescript(SCHEMA)
            if "kind" not in {row[1] for row in self._db.execute("PRAGMA table_info (callbacks)")}:
                self._db.execute(ADD_KIND)
            self._db.execute("INSERT OR IGNORE INTO slots VALUES (1, 0)")
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise FolderInUse(f"another carrier uses {folder}") from None
            raise

    def close(self) -> None:
        """Release the folder."""
        self._db.close()

    def save(self, writes: Sequence[Write], *, next_slot_at: float | None = None) -> list[Callback]:
        """Write what has happened at once, in one transaction.

        Returns the requests that now wait to be made: new ones, and those that are no longer held.
        """
        waiting: list[Callback] = []
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for write in writes:
                waiting += self._save(write)
            if next_slot_at is not None:
                self._db.execute("UPDATE slots SET next_at = ?", (next_slot_at,))
        return waiting

    def _save(self, write: Write) -> list[Callback]:
        record, waiting = write.change.record, list[Callback]()
        self._db.execute(SAVE_RECORD, _columns(record))
        self._db.executemany(
            "INSERT INTO timeline (sid, value) VALUES (?, ?)",
            [(record.sid, _ENTRY.dump_json(entry).decode()) for entry in write.change.entries],
        )
        if write.release_held_at is not None:
            rows = self._db.execute(RELEASE, (write.release_held_at, record.sid)).fetchall()
            waiting += [_callback(row) for row in rows]
        for outgoing, copies in write.copies:
            for copy in copies:
                values = (
                    record.sid,
                    outgoing.kind,
                    outgoing.url,
                    outgoing.method,
                    json.dumps(outgoing.params),
                    *copy,
                )
                row = self._db.execute(INSERT_CALLBACK, values).fetchone()
                waiting += [_callback(row)] if copy.state == "pending" else []
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

    def active_conferences(self) -> list[Conference]:
        """Conferences that have not ended, oldest first."""
        return [_CONFERENCE.validate_json(value) for value in self._active("conference")]

    def conferences(self, limit: int) -> list[Conference]:
        """Newest first."""
        rows = self._page("conference", Filter(), float("inf"), "", limit)
        return [_CONFERENCE.validate_json(row) for row in rows]

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
        return [_callback(row) for row in self._db.execute(CALLBACKS + "WHERE sid = ? ORDER BY id", (sid,))]

    def waiting_callbacks(self) -> list[Callback]:
        """Callbacks not yet sent, the one due first first."""
        return [
            _callback(row)
            for row in self._db.execute(CALLBACKS + "WHERE state = 'pending' ORDER BY due_at, id")
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

    def number(self) -> OurNumber | None:
        """What our number was set to while running, if it was."""
        row = self._db.execute("SELECT value FROM numbers").fetchone()
        return None if row is None else OurNumber.model_validate_json(row[0])

    def save_number(self, number: OurNumber) -> None:
        """Remember a change."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO numbers VALUES (1, ?)", (number.model_dump_json(),))

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
            SELECT_PAGE,
            vars(wanted)
            | {"kind": kind, "visible_until": visible_until, "before_seq": before_seq, "limit": limit},
        )
        return [str(row[1]) for row in rows]


def _columns(record: Record) -> dict[str, object]:
    match record:
        case Call():
            kind, to, from_, started_at = "call", record.order.to, record.order.from_, record.started_at
            value = _CALL.dump_json(record)
        case Message():
            kind, to, from_, started_at = "message", record.order.to, record.order.from_, record.sent_at
            value = _MESSAGE.dump_json(record)
        case Conference():
            kind, to, from_, started_at = "conference", record.name, "", record.started_at
            value = _CONFERENCE.dump_json(record)
    return {
        "sid": record.sid,
        "kind": kind,
        "to_number": to,
        "from_number": from_,
        "status": record.status,
        "created_at": record.created_at,
        "started_at": started_at,
        "ended_at": record.ended_at,
        "active": record.ended_at is None,
        "value": value.decode(),
    }


def _callback(row: tuple[int, str, OutgoingKind, str, str, str, float, DeliveryState, str]) -> Callback:
    id_, sid, kind, url, method, params, due_at, state, error = row
    return Callback(id_, sid, kind, url, method, _PARAMS.validate_json(params), due_at, state, error)
