"""Thousands of open incidents at once: a few opened by the real code, and the same for many other cars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from incident.plan.in_use import default_plan
from incident.plan.plan import Do, read_plan
from incident.service import Incidents, Report
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries
from schemas.impact import Position, Severity
from schemas.incident import Trigger

SQL: Final = Queries("cli.bench", "crowd.sql")
_SCENE: Final = Position(35.2324, 139.1069)
_KINDS: Final = (
    (Trigger.IMPACT, Severity.MODERATE),
    (Trigger.IMPACT, Severity.SEVERE),
    (Trigger.IMPACT, Severity.LIGHT),
    (Trigger.SHORT_PRESS, None),
)
_OUTWARD: Final = frozenset({Do.CALL_DRIVER, Do.CALL_CONTACT, Do.SMS})
_PEOPLE: Final = ("people", "phones", "contacts", "policies", "vehicles", "devices")


def gather(conn: Connection, settings: Settings, timers: int, tell: Callable[[str], None]) -> int:
    """Open incidents of four kinds until so many timers wait, none due within the hour; how many incidents.

    Table `firing` names for each the first step of its plan that rings or writes to somebody.
    """
    incidents = Incidents(settings)
    people(conn, 1, len(_KINDS))
    models = [_open(conn, incidents, number) for number in range(1, len(_KINDS) + 1)]
    names = [[row["name"] for row in conn.execute(SQL["timers_of"], {"id": model})] for model in models]
    conn.execute(SQL["begin_earlier"])
    # None of the models is to come due itself.
    conn.execute("UPDATE timers SET due_at = due_at + interval '1 day'")
    rounds = -(-timers // sum(map(len, names)))
    first, last = len(_KINDS) + 1, len(_KINDS) * (rounds + 1)
    tell(f"making {last - first + 1} incidents with {rounds * sum(map(len, names))} timers")
    people(conn, first, last)
    conn.execute(SQL["make_firing"])
    for number, model in enumerate(models):
        key: dict[str, Any] = {"first": first + number, "last": last, "apart": len(_KINDS), "model": model}
        for what in ("incidents", "events", "timers"):
            conn.execute(SQL[f"multiply_{what}"], key)
        conn.execute(SQL["choose_timer"], {**key, "name": _outward(conn, model, names[number])})
    conn.execute("DELETE FROM event_queue")
    conn.execute("UPDATE outbox SET state = 'expired'")
    conn.execute("VACUUM ANALYZE")
    return last - first + 1


def people(conn: Connection, first: int, last: int) -> None:
    """Policyholders with telephone, contact, policy, car and device `bench-N`, for N of these."""
    for what in _PEOPLE:
        conn.execute(SQL[f"make_{what}"], {"first": first, "last": last})


def _open(conn: Connection, incidents: Incidents, number: int) -> UUID:
    trigger, severity = _KINDS[number - 1]
    report = Report(f"bench-{number}", trigger, severity, datetime.now(UTC), late=False, position=_SCENE)
    with conn.transaction():
        return incidents.report(conn, report).incident_id


def _outward(conn: Connection, model: UUID, names: list[str]) -> str:
    """The timer of the first step that leads to a call or a text, with the driver's first call still under way."""
    row = conn.execute("SELECT state ->> 'rule' AS rule FROM incidents WHERE id = %s", [model]).fetchone()
    if row is None:
        raise AssertionError("the model is gone")
    steps = read_plan(default_plan()).rule(row["rule"]).steps
    rings_already = any(name.startswith("giveup:driver:") for name in names)
    outward = _OUTWARD - {Do.CALL_DRIVER} if rings_already else _OUTWARD
    waiting = sorted((int(name.rpartition(":")[2]), name) for name in names if name.startswith("step:"))
    return next(name for index, name in waiting if steps[index].do in outward)
