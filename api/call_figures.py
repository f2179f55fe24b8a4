"""How the calls do: who waits in our own queue, for how long still, and how the carrier does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incident.channels import carrier_health
from incident.channels.carrier_health import CarrierState, Health
from incident.escalation.urgency import Urgency, predicted_waits
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

SQL: Final = Queries("api", "call_figures.sql")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One class of calls. `predicted_s` is for a call that is queued now; None while the carrier is down."""

    urgency: Urgency
    waiting: int
    longest_s: float
    predicted_s: float | None


@dataclass(frozen=True, slots=True)
class CallFigures:
    """The queue of calls, every class of it, and the carrier."""

    calls_per_s: float
    started_last_minute: int
    carrier: Health
    queue: tuple[Waiting, ...]


def read(conn: Connection, settings: Settings) -> CallFigures:
    """The figures of this moment."""
    calls_per_s = settings.calls_per_s / settings.time_scale
    health = carrier_health.read(conn)
    rows = conn.execute(SQL["waiting_calls"]).fetchall()
    # Rows of another version may know other classes: those wait among the least urgent.
    known = [(Urgency(min(max(row["priority"], 0), max(Urgency))), row) for row in rows]
    counts, longest = dict[Urgency, int](), dict[Urgency, float]()
    for urgency, row in known:
        counts[urgency] = counts.get(urgency, 0) + row["waiting"]
        longest[urgency] = max(longest.get(urgency, 0.0), row["longest_wait_s"])
    waits = predicted_waits(counts, calls_per_s)
    started = conn.execute(SQL["started_calls"]).fetchone()
    return CallFigures(
        calls_per_s,
        started["started"] if started else 0,
        health,
        tuple(
            Waiting(
                urgency,
                counts.get(urgency, 0),
                longest.get(urgency, 0.0),
                None if health.state is CarrierState.DOWN else waits[urgency],
            )
            for urgency in Urgency
        ),
    )
