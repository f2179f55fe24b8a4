"""Firing timers: PostgreSQL is the timer, this only looks.

A hint by NOTIFY makes it look at once; without one it looks at the next due time, and
several times a second in any case. Any number of engines may run: a row lock decides.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
import structlog

from incident import timers
from incident.events import Event
from incident.service import SQL, Incidents, hint
from runtime.database import Connection
from schemas.incident import CallParty

_BATCH: Final = 50
_SKIP_FAULTY_S: Final = 5.0
MOVING_MPS: Final = 5 / 3.6  # walking pace: GPS noise of a standing car stays below it


class Engine:
    """Lets due timers happen; used by one thread with its own autocommit connection."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._log = structlog.get_logger(role="engine")
        self._faulty: dict[UUID, float] = {}

    def step(self, conn: Connection) -> int:
        """Fire what is due now; how many incidents that concerned."""
        now_s = time.monotonic()
        self._faulty = {found: until_s for found, until_s in self._faulty.items() if until_s > now_s}
        key = {"limit": _BATCH, "faulty": list(self._faulty)}
        rows = conn.execute(SQL["due_incidents"], key).fetchall()
        fired = 0
        for row in rows:
            incident_id: UUID = row["incident_id"]
            try:
                fired += self._fire(conn, incident_id)
            except psycopg.OperationalError:
                raise  # the database itself: the caller connects anew
            except (LookupError, ValueError, TypeError, AssertionError, psycopg.Error):
                # One incident that cannot be worked on must not hold up the others.
                self._faulty[incident_id] = time.monotonic() + _SKIP_FAULTY_S
                self._log.exception("timers of an incident cannot be fired", incident=str(incident_id))
        if fired:
            hint(conn)
        return fired

    def _fire(self, conn: Connection, incident_id: UUID) -> int:
        with conn.transaction():
            if conn.execute(SQL["lock_due_incident"], {"id": incident_id}).fetchone() is None:
                return 0

            def events_at(at: datetime) -> list[Event]:
                due = conn.execute(SQL["take_due_timers"], {"incident_id": incident_id, "at": at}).fetchall()
                return [
                    timers.event_of(
                        row["name"],
                        at,
                        moving=self._moving(conn, incident_id, at)
                        if row["name"].startswith("step:")
                        else None,
                        stage=lambda party, attempt: self._stage(conn, incident_id, party, attempt),
                    )
                    for row in due
                ]

            self._incidents.handle(conn, incident_id, events_at, actor="system")
        return 1

    @staticmethod
    def _moving(conn: Connection, incident_id: UUID, at: datetime) -> bool | None:
        row = conn.execute(SQL["latest_speed"], {"incident_id": incident_id, "at": at}).fetchone()
        return row["speed_mps"] > MOVING_MPS if row is not None else None

    @staticmethod
    def _stage(conn: Connection, incident_id: UUID, party: CallParty, attempt: int) -> str:
        row = conn.execute(
            SQL["call_by_attempt"], {"incident_id": incident_id, "party": party, "attempt": attempt}
        ).fetchone()
        return row["state"] if row is not None else "ended"
