"""Units out of service: whatever they say of themselves, they are not asked until they are back.

What a unit has accepted it keeps. What it was only offered is taken back by the engine, which also ends what has run
out: it may do so late, twice, or be killed in between, as each of its steps is one transaction that looks first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
import structlog

from incident.field import units
from incident.record.hands import SQL as INCIDENT_SQL
from incident.service import Incidents, hint
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.field", "out_of_service.sql")
_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Outage:
    """How a unit came to be out of service; `since` names it, `until` is None where nobody knows yet."""

    since: datetime
    until: datetime | None
    reason: str
    taken_by: str


class OtherwiseNow(Exception):
    """Somebody else has decided meanwhile; `stands` is how it is now."""

    def __init__(self, stands: Outage) -> None:
        self.stands = stands
        super().__init__(f"out of service by {stands.taken_by}: {stands.reason}")


def take_out(
    conn: Connection, unit_id: str, wanted: tuple[str, datetime | None], by: str, seen: datetime | None
) -> bool:
    """Take a unit out of service with a reason and until when; whether that changed anything.

    `seen` is the `since` of what it takes the place of, None where it was seen in service. Saying the same again
    changes nothing. Raises OtherwiseNow, and psycopg's ForeignKeyViolation where there is no such unit.
    """
    stands = _hold(conn, unit_id)
    reason, until = wanted
    if stands is not None and (stands.reason, stands.until) == wanted:
        return False
    if stands is not None and stands.since != seen:
        raise OtherwiseNow(stands)
    conn.execute(SQL["take_out"], {"unit_id": unit_id, "until": until, "reason": reason, "taken_by": by})
    return True


def put_back(conn: Connection, unit_id: str, seen: datetime) -> Outage | None:
    """Put a unit back into service; how it was out of it, None where it was not. Raises OtherwiseNow.

    `seen` is the `since` of what ends.
    """
    stands = _hold(conn, unit_id)
    if stands is None:
        return None
    if stands.since != seen:
        raise OtherwiseNow(stands)
    conn.execute(SQL["put_back"], {"unit_id": unit_id})
    units.release_searches(conn)
    return stands


def read(conn: Connection, unit_id: str) -> Outage | None:
    """How it stands; None while it is in service."""
    row = conn.execute(SQL["as_it_stands"], {"unit_id": unit_id}).fetchone()
    return Outage(**row) if row is not None else None


class Keeper:
    """Two looks a second; used by one thread with its own autocommit connection. Several engines may look."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._log = structlog.get_logger(role="out_of_service")
        self._next_s = 0.0

    def step(self, conn: Connection) -> bool:
        """Look, if it is time; never more to do at once."""
        if time.monotonic() < self._next_s:
            return False
        self._next_s = time.monotonic() + _EVERY_S
        self.look(conn)
        return False

    def look(self, conn: Connection) -> None:
        """End what has run out, and take back what units out of service were offered."""
        over = conn.execute(SQL["some_are_over"]).fetchone()
        if over is not None and over["some"]:
            with conn.transaction():
                _hold_choosing(conn)
                conn.execute(SQL["end_those_over"])
                units.release_searches(conn)
            hint(conn)
        for row in conn.execute(SQL["still_offered"]).fetchall():
            try:
                self._withdraw(conn, row)
            except psycopg.OperationalError:
                raise  # the database itself: the caller connects anew
            except (LookupError, ValueError, AssertionError, psycopg.Error):
                # One incident that cannot be worked on must not hold up the others.
                self._log.exception("an offer cannot be taken back", unit=row["unit_id"])

    def _withdraw(self, conn: Connection, row: dict[str, Any]) -> None:
        with conn.transaction():
            units.withdraw_offer(conn, self._incidents, row["unit_id"], row["dispatch_id"])
        hint(conn)


def _hold(conn: Connection, unit_id: str) -> Outage | None:
    """How it stands, which nobody changes until the end of the transaction."""
    _hold_choosing(conn)
    return read(conn, unit_id)


def _hold_choosing(conn: Connection) -> None:
    # Whoever chooses units just now has chosen before, and whoever chooses next sees what was said: nobody is asked
    # after it was answered that they are not.
    conn.execute(INCIDENT_SQL["lock_dispatching"])
