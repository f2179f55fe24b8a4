"""How the carrier does, as all engines together see it: one row of the database.

While requests fail, one process at a time tries, with growing pauses, and everything else waits in its
order. When none has succeeded for a while and calls wait, the carrier is down: people are alarmed, so
that they ring by hand, once for each incident and outage. The first success ends it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog

from incident.channels.outbox import carrier_lease, words_of
from incident.escalation.events import CarrierDown, Event
from incident.escalation.urgency import LEAST_GRAVE
from incident.service import Incidents, hint
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

SQL: Final = Queries("incident.channels", "carrier_health.sql")
_FIRST_PAUSE: Final = timedelta(seconds=0.5)
_LONGEST_PAUSE: Final = timedelta(seconds=5)
_PATIENCE: Final = timedelta(seconds=20)
_LOOK_S: Final = 1.0


class CarrierState(StrEnum):
    """How the carrier does."""

    OK = "ok"
    SLOW = "slow"
    """The last requests failed; it is tried again with pauses."""
    DOWN = "down"
    """None has succeeded for 20 s while calls waited."""


@dataclass(frozen=True, slots=True)
class Health:
    """The carrier as it was last seen. `since` is when the present trouble began."""

    state: CarrierState
    since: datetime | None
    succeeded_at: datetime | None
    error: str | None


def read(conn: Connection) -> Health:
    """How the carrier does now."""
    row = conn.execute(SQL["carrier_health"]).fetchone()
    if row is None:
        raise LookupError("the carrier's row is missing")
    if row["down_since"] is not None:
        state = CarrierState.DOWN
    else:
        state = CarrierState.OK if row["failing_since"] is None else CarrierState.SLOW
    return Health(state, row["failing_since"], row["succeeded_at"], row["error"])


class CarrierHealth:
    """Told by every sender how its requests went; one per sender, on an autocommit connection."""

    def __init__(self, settings: Settings, incidents: Incidents) -> None:
        self._incidents = incidents
        self._lease = carrier_lease(settings)
        scale = settings.time_scale
        self._patience = _PATIENCE * scale
        self._first_pause, self._longest_pause = _FIRST_PAUSE * scale, _LONGEST_PAUSE * scale
        self._looked_s = 0.0
        self._log = structlog.get_logger(role="carrier")

    def may_ask(self, conn: Connection, *, after_calls: bool = False) -> bool:
        """Whether the carrier may be asked something now; while it fails, one asker at a time may.

        Who comes `after_calls` leaves that turn to calls that wait.
        """
        row = conn.execute(SQL["carrier_is_well"]).fetchone()
        if row is not None and row["well"]:
            return True
        if after_calls and conn.execute(SQL["calls_wait"]).fetchone() is not None:
            return False
        return conn.execute(SQL["take_turn"], {"lease": self._lease}).fetchone() is not None

    def did_not_ask(self, conn: Connection) -> None:
        """There was nothing to ask after all: the turn is another's."""
        conn.execute(SQL["give_turn_back"])

    def succeeded(self, conn: Connection) -> None:
        """It answered, be it with a refusal."""
        row = conn.execute(SQL["carrier_succeeded"]).fetchone()
        if row is not None and row["down_since"] is not None:
            self._log.warning("carrier is back", down_since=row["down_since"].isoformat())

    def failed(self, conn: Connection, error: Exception) -> None:
        """It was not reached, did not answer, or does not serve us now."""
        conn.execute(
            SQL["carrier_failed"],
            {"first": self._first_pause, "longest": self._longest_pause, "error": words_of(error)},
        )

    def watch(self, conn: Connection) -> None:
        """Notice that it is down, and alarm people for each severe incident whose calls cannot leave."""
        if time.monotonic() < self._looked_s + _LOOK_S:
            return
        self._looked_s = time.monotonic()
        if conn.execute(SQL["carrier_goes_down"], {"patience": self._patience}).fetchone() is not None:
            self._log.error("carrier is down")
        for row in conn.execute(SQL["cut_off_incidents"], {"least": LEAST_GRAVE}).fetchall():
            with conn.transaction():
                self._alarm(conn, row["incident_id"])
            hint(conn)

    def _alarm(self, conn: Connection, incident_id: UUID) -> None:
        def event_at(at: datetime) -> list[Event]:
            # Under the incident's lock: another engine may just have done it.
            row = conn.execute(SQL["is_cut_off"], {"incident_id": incident_id}).fetchone()
            return [] if row is None else [CarrierDown(at, row["down_since"])]

        self._incidents.handle(conn, incident_id, event_at, actor="carrier")
