"""Firing timers: PostgreSQL is the timer, this only looks.

A hint by NOTIFY makes it look at once; without one it looks when the next timer is due, and
several times a second in any case. Any number of engines may run: a row lock decides. What is
due at one moment happens in one transaction; where an incident spoils it, each has one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from incident import service
from incident.escalation import timers
from incident.escalation.events import Event
from incident.record.ledger import Ledger
from incident.service import Incidents
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import CallParty

SQL: Final = Queries("incident.engine", "engine.sql")
# Locks are held until all of them are written: few enough that whoever waits for one hardly notices.
_BATCH: Final = 64
_SKIP_FAULTY_S: Final = 5.0
# Another engine may be at what is due this moment: it is given a moment.
_SHORTEST_IDLE_S: Final = 0.004
_LONGEST_IDLE_S: Final = 0.25
MOVING_MPS: Final = 5 / 3.6  # walking pace: GPS noise of a standing car stays below it
# What cannot be worked on, however often it is tried; and the database itself.
_FAULTS: Final = (LookupError, ValueError, TypeError, AssertionError, psycopg.Error)

Row = dict[str, Any]


class Engine:
    """Lets due timers happen; used by one thread with its own autocommit connection."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._log = structlog.get_logger(role="engine")
        self._faulty: dict[UUID, float] = {}

    def step(self, conn: Connection) -> int:
        """Fire what is due now; how many incidents that concerned. Raises psycopg.OperationalError."""
        now_s = time.monotonic()
        self._faulty = {found: until_s for found, until_s in self._faulty.items() if until_s > now_s}
        rows: list[Row] = []
        try:
            # In a pipeline a statement is waited for only when its rows are needed, and the writes go with the commit.
            with conn.pipeline(), conn.transaction():
                key = {"limit": _BATCH, "faulty": list(self._faulty)}
                locked = conn.execute(SQL["lock_due"], key)
                at = service.now(conn)
                rows = _once_each(locked.fetchall())
                fired = self._fire(conn, rows, at)
        except _FAULTS as fault:
            if _is_of_database(fault):
                raise  # the caller connects anew
            fired = sum(self._fire_alone(conn, row["id"]) for row in rows)
        if fired:
            service.hint(conn)
        return fired

    def idle_s(self, conn: Connection) -> float:
        """How long there is nothing to do, unless a hint comes."""
        row = conn.execute(SQL["idle"]).fetchone()
        wait_s: float | None = row["seconds"] if row is not None else None
        return _LONGEST_IDLE_S if wait_s is None else min(max(wait_s, _SHORTEST_IDLE_S), _LONGEST_IDLE_S)

    def _fire_alone(self, conn: Connection, incident_id: UUID) -> int:
        try:
            with conn.transaction():
                row = conn.execute(SQL["lock_one"], {"id": incident_id}).fetchone()
                return self._fire(conn, [row] if row is not None else [], service.now(conn))
        except _FAULTS as fault:
            if _is_of_database(fault):
                raise
            # One incident that cannot be worked on must not hold up the others.
            self._faulty[incident_id] = time.monotonic() + _SKIP_FAULTY_S
            self._log.exception("timers of an incident cannot be fired", incident=str(incident_id))
            return 0

    def _fire(self, conn: Connection, rows: Sequence[Row], at: datetime) -> int:
        """Let the due timers of locked incidents happen; how many incidents had any."""
        if not rows:
            return 0
        ids = [row["id"] for row in rows]
        due = conn.execute(SQL["take_due"], {"ids": ids, "at": at}).fetchall()
        happened = self._events(conn, due, at)
        ledger = Ledger(conn)
        for row in rows:
            if events := happened.get(row["id"]):
                self._incidents.happen(ledger, row, at, events, actor="system")
        ledger.flush()
        return len(happened)

    def _events(self, conn: Connection, due: Sequence[Row], at: datetime) -> dict[UUID, list[Event]]:
        """What due timers stand for, by incident, in the order they were due."""
        stepping = [row["incident_id"] for row in due if row["name"].startswith("step:")]
        calling = [row["incident_id"] for row in due if row["name"].startswith("giveup:")]
        moving: dict[UUID, bool] = {}
        if stepping:
            found = conn.execute(SQL["latest_speeds"], {"ids": stepping, "at": at}).fetchall()
            moving = {row["id"]: row["speed_mps"] > MOVING_MPS for row in found}
        stages: dict[tuple[UUID, CallParty, int], str] = {}
        if calling:
            found = conn.execute(SQL["call_stages"], {"ids": calling}).fetchall()
            stages = {
                (row["incident_id"], CallParty(row["party"]), row["attempt"]): row["state"] for row in found
            }
        events: dict[UUID, list[Event]] = {}
        for row in due:
            incident_id: UUID = row["incident_id"]
            events.setdefault(incident_id, []).append(
                timers.event_of(
                    row["name"],
                    at,
                    due_at=row["due_at"],
                    moving=moving.get(incident_id),
                    stage=lambda party, attempt, of=incident_id: stages.get((of, party, attempt), "ended"),
                )
            )
        return events


def _is_of_database(fault: Exception) -> bool:
    # A pipeline that stopped at a fault says so of what came after it, as if the connection were at fault.
    return isinstance(fault, psycopg.OperationalError) and not isinstance(
        fault, psycopg.errors.PipelineAborted
    )


def _once_each(rows: Sequence[Row]) -> list[Row]:
    return list({row["id"]: row for row in rows}.values())
