"""Looks after cars for some minutes after their shock, and tells their incidents what it sees.

It may look twice, late, or be killed in between: what an incident was told stands in its state.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

import psycopg
import structlog

from incident.escalation import aftermath
from incident.escalation.aftermath import Heard
from incident.escalation.events import DeviceSilent, DroveOn
from incident.service import Incidents, hint
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position

SQL: Final = Queries("incident.engine", "watching.sql")
_EVERY_S: Final = 1.0


class Watcher:
    """One look a second; used by one thread with its own autocommit connection. Several engines may look."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._log = structlog.get_logger(role="watcher")
        self._next_s = 0.0

    def step(self, conn: Connection) -> bool:
        """Look, if it is time; never more to do at once."""
        if time.monotonic() < self._next_s:
            return False
        self._next_s = time.monotonic() + _EVERY_S
        key = {"settle": aftermath.SETTLE, "fixes": aftermath.FIXES, "watch": aftermath.WATCH}
        for row in conn.execute(SQL["watched_incidents"], key).fetchall():
            try:
                self._look(conn, row)
            except psycopg.OperationalError:
                raise  # the database itself: the caller connects anew
            except (LookupError, ValueError, AssertionError, psycopg.Error):
                # One incident that cannot be worked on must not hide the others.
                self._log.exception("an incident cannot be told what was seen", incident=str(row["id"]))
        return False

    def _look(self, conn: Connection, row: dict[str, Any]) -> None:
        heard = _heard(row, others_heard=not row["silent"] and self._others_heard(conn, row["device_id"]))
        since = None if row["silent"] or row["drove_on"] else aftermath.silent_since(heard)
        speed_kmh = None if row["drove_on"] else aftermath.driving_on_kmh(heard)
        if since is None and speed_kmh is None:
            return
        with conn.transaction():
            if since is not None:
                self._incidents.handle(conn, row["id"], lambda at: DeviceSilent(at, since), actor="system")
            if speed_kmh is not None:
                self._incidents.handle(conn, row["id"], lambda at: DroveOn(at, speed_kmh), actor="system")
        hint(conn)

    @staticmethod
    def _others_heard(conn: Connection, device_id: str) -> bool:
        key = {"device_id": device_id, "within": timedelta(seconds=5)}
        found = conn.execute(SQL["others_heard"], key).fetchone()
        return bool(found and found["heard"])


def _heard(row: dict[str, Any], *, others_heard: bool) -> Heard:
    times = [row[name] for name in ("fix_at", "frame_at") if row[name] is not None]
    if row["online"] and row["presence_at"] is not None:
        times.append(row["presence_at"])
    gone = (
        row["online"] is False and row["presence_at"] is not None and row["presence_at"] > row["occurred_at"]
    )
    return Heard(
        now=row["now"],
        occurred_at=row["occurred_at"],
        last_at=max(times, default=None),
        gone_at=row["presence_at"] if gone else None,
        others_heard=others_heard,
        fixes=row["fixes"] or 0,
        slowest_kmh=(row["slowest_mps"] or 0.0) * 3.6,
        place=_position(row["drive_lat_deg"], row["drive_lon_deg"]),
        scene=_position(row["lat_deg"], row["lon_deg"]),
    )


def _position(lat_deg: float | None, lon_deg: float | None) -> Position | None:
    return None if lat_deg is None or lon_deg is None else Position(lat_deg, lon_deg)
