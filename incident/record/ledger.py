"""What one transaction is about to write, held back and written together.

A timer that fires leaves half a dozen rows; when many fire at once, one statement for each table costs
a fraction of one for each row. Whatever else is executed through a ledger sees all that was held back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.record", "ledger.sql")
Kept = Literal["save_states", "insert_calls", "insert_messages", "insert_effects", "insert_events"]
# Locks are taken in one order: the incident's own row, then what belongs to it.
_ORDER: Final[tuple[Kept, ...]] = (
    "save_states",
    "insert_calls",
    "insert_messages",
    "insert_effects",
    "insert_events",
)


class Ledger:
    """A connection within one transaction, with rows held back until `flush` or the next `execute`.

    at_once: hold nothing back, for a row or two beside the decisions.
    """

    def __init__(self, conn: Connection, *, at_once: bool = False) -> None:
        self._conn, self._at_once = conn, at_once
        self._cleared: dict[tuple[UUID, str], None] = {}
        self._timers: dict[tuple[UUID, str], dict[str, Any]] = {}
        self._rows: dict[Kept, list[Mapping[str, Any]]] = {name: [] for name in _ORDER}

    def execute(
        self, query: LiteralString, params: Mapping[str, Any] | None = None
    ) -> psycopg.Cursor[DictRow]:
        """Any statement, after what was held back."""
        self.flush()
        return self._conn.execute(query, params)

    def look(self, query: LiteralString, params: Mapping[str, Any] | None = None) -> psycopg.Cursor[DictRow]:
        """A question that nothing held back can have an influence on."""
        return self._conn.execute(query, params)

    @property
    def aside(self) -> Connection:
        """The connection itself, for statements that nothing held back has to do with."""
        return self._conn

    def add(self, name: Kept, row: Mapping[str, Any]) -> None:
        """Hold a row back; its columns are those in `ledger.sql`, and its words, numbers and times become JSON."""
        self._rows[name].append(row)
        self._hold()

    def set_timer(self, incident_id: UUID, name: str, generation: int, due_at: datetime) -> None:
        """Wake an incident at a moment; a timer of the same name is replaced."""
        row = {"incident_id": incident_id, "name": name, "generation": generation, "due_at": due_at}
        self._timers[incident_id, name] = row
        self._hold()

    def clear_timers(self, incident_id: UUID, prefix: str) -> None:
        """Forget an incident's timers whose names begin so, also those just set."""
        for key in [key for key in self._timers if key[0] == incident_id and key[1].startswith(prefix)]:
            del self._timers[key]
        self._cleared[incident_id, prefix] = None
        self._hold()

    def flush(self) -> None:
        """Write what is held back."""
        cleared = [{"incident_id": incident_id, "prefix": prefix} for incident_id, prefix in self._cleared]
        timers = list(self._timers.values())
        self._cleared, self._timers = {}, {}
        self._write("clear_timers", cleared)
        self._write("set_timers", timers)
        for name in _ORDER:
            rows, self._rows[name] = self._rows[name], []
            self._write(name, rows)

    def _hold(self) -> None:
        if self._at_once:
            self.flush()

    def _write(self, name: str, rows: list[Any]) -> None:
        if rows:
            self._conn.execute(SQL[name], {"rows": json.dumps(rows, default=str, ensure_ascii=False)})
