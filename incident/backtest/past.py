"""Recorded incidents tried under another plan, read from the database a few hundred at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incident.backtest.facts import Change, changes, recorded_facts
from incident.backtest.record import Row, read_record
from incident.backtest.replay import replay
from incident.plan.plan import Do, Plan, read_plan
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.backtest", "backtest.sql")
_AT_ONCE: Final = 200
# The engine is a little late, and the carrier answers when it likes.
_FAITHFUL_WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One incident under another plan. `strayed` is where the record departs from its own plan's replay."""

    incident_id: UUID
    device_id: str | None
    opened_at: datetime
    occasion: str
    changes: tuple[Change, ...]
    strayed: tuple[Change, ...]


def count_since(conn: Connection, since: datetime) -> int:
    """How many incidents there are to try."""
    return len(conn.execute(SQL["incidents_since"], {"since": since}).fetchall())


def backtest(
    conn: Connection, plan: Plan, since: datetime, severities: Mapping[str, str] | None = None
) -> Generator[Judged]:
    """Try each incident opened since then, oldest first.

    `severities` are another detector's, by the impact's id; `plan` carries the time scale of the record.
    """
    stored = conn.execute(SQL["plans_of_incidents"], {"since": since}).fetchall()
    plans = {row["version"]: read_plan(row["toml"], scale=plan.scale) for row in stored}
    incidents = conn.execute(SQL["incidents_since"], {"since": since}).fetchall()
    for some in _batched(incidents):
        ids = [row["id"] for row in some]
        events: dict[UUID, list[Row]] = defaultdict(list)
        for row in conn.execute(SQL["events_of_incidents"], {"ids": ids}).fetchall():
            events[row["incident_id"]].append(Row(row["at"], row["kind"], row["data"]))
        impacts: dict[UUID, list[str]] = defaultdict(list)
        for row in conn.execute(SQL["impacts_of_incidents"], {"ids": ids}).fetchall() if severities else ():
            impacts[row["incident_id"]].append(str(row["id"]))
        for incident in some:
            if rows := events[incident["id"]]:
                other = [(severities or {}).get(impact) for impact in impacts[incident["id"]]]
                yield _judge(incident, rows, plans[incident["plan_version"]], plan, other)


def _judge(
    incident: Mapping[str, Any], rows: list[Row], own: Plan, other: Plan, severities: list[str | None]
) -> Judged:
    record = read_record(rows, waits_for_stop=lambda rule, channel: _waits(own, rule, channel))
    ring_s = own.calls.ring_s * own.scale
    before = replay(record, own, ring_s)
    after = replay(record.revalued(severities), other, ring_s)
    strayed = changes(recorded_facts(rows), before, within_s=_FAITHFUL_WITHIN_S * own.scale)
    occasion = str(incident["severity"] or incident["trigger"])
    return Judged(
        incident["id"],
        incident["device_id"],
        incident["opened_at"],
        occasion,
        changes(before, after, within_s=own.scale),
        strayed,
    )


def _waits(plan: Plan, rule: str, channel: str) -> float | None:
    """When a rule sends its first message of a channel that waits for the car to stop."""
    try:
        steps = plan.rule(rule).steps
    except KeyError:
        return None
    waiting = (step.after_s for step in steps if step.do is Do(channel) and step.wait_until_stopped)
    found = min(waiting, default=None)
    return None if found is None else found * plan.scale


def _batched(rows: list[dict[str, Any]]) -> Generator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
