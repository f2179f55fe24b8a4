"""Reads incidents for operators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from api import field_units, impacts, policies
from api.context import SQL
from api.outlook import Timer, steps_ahead
from api.views.admin import VehicleView
from api.views.detail import (
    CallView,
    ContractView,
    DispatchView,
    IncidentDetail,
    MessageView,
    NoteView,
    PressView,
)
from api.views.event import EventView
from api.views.incident import IncidentView, NextStep
from incident.escalation.state import State, Task
from incident.plan.plan import read_plan
from incident.plan.store import stored
from incident.service import UnknownIncident
from runtime.database import Connection
from schemas.incident import Phase, Reach

_STATE: Final[TypeAdapter[State]] = TypeAdapter(State)
_TIMERS: Final[TypeAdapter[list[Timer]]] = TypeAdapter(list[Timer])
_BEFORE_ALL: Final = UUID(int=0)
# Of each kind of thing a detail tells no more: a button that is stuck presses for ever.
NEWEST: Final = 500
_log = structlog.get_logger(role="api")


def page(
    conn: Connection, phase: Phase | None, *, only_open: bool, before: UUID | datetime | None, limit: int
) -> list[IncidentView]:
    """Incidents, newest first. `before` is an incident, or a moment of opening.

    Raises UnknownIncident when `before` names none.
    """
    if phase is Phase.CLOSED:
        query = "closed_incidents"
    else:
        query = "open_incidents" if only_open or phase is not None else "newest_incidents"
    before_at, before_id = before, _BEFORE_ALL
    if isinstance(before, UUID):
        row = conn.execute(SQL["opened_at"], {"id": before}).fetchone()
        if row is None:
            raise UnknownIncident(before)
        before_at, before_id = row["opened_at"], before
    rows = conn.execute(
        SQL[query], {"phase": phase, "before_at": before_at, "before_id": before_id, "limit": limit}
    ).fetchall()
    return views(conn, [row["id"] for row in rows])


def views(conn: Connection, ids: Sequence[UUID]) -> list[IncidentView]:
    """The incidents of these ids, newest first."""
    return [IncidentView.model_validate(row) for row in rows_of(conn, ids)]


def rows_of(conn: Connection, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The incidents of these ids, newest first, with what waits for a person and what happens by itself."""
    rows = conn.execute(SQL["incidents"], {"ids": list(ids)}).fetchall()
    plans = {version: stored(conn, version).toml for version in {row["plan_version"] for row in rows}}
    return [_with_outlook(row, plans[row["plan_version"]], steps=1) for row in rows]


def view(conn: Connection, incident_id: UUID) -> IncidentView:
    """One incident as in the list. Raises UnknownIncident."""
    found = views(conn, [incident_id])
    if not found:
        raise UnknownIncident(incident_id)
    return found[0]


def events(conn: Connection, incident_id: UUID, *, after: int, limit: int) -> list[EventView]:
    """The record of an incident behind a position, oldest first. Raises UnknownIncident."""
    if conn.execute(SQL["opened_at"], {"id": incident_id}).fetchone() is None:
        raise UnknownIncident(incident_id)
    key = {"id": incident_id, "after": after, "limit": limit}
    return [EventView.of(row) for row in conn.execute(SQL["incident_events"], key).fetchall()]


def detail(conn: Connection, incident_id: UUID) -> IncidentDetail:
    """One incident with what belongs to it, of each kind the newest. Raises UnknownIncident."""
    row = conn.execute(SQL["incidents"], {"ids": [incident_id]}).fetchone()
    if row is None:
        raise UnknownIncident(incident_id)
    belongings: dict[str, Any] = {
        "events": [EventView.of(found) for found in _rows(conn, "newest_events", incident_id)],
        "calls": [CallView.model_validate(found) for found in _rows(conn, "incident_calls", incident_id)],
        "messages": [
            MessageView.model_validate(found) for found in _rows(conn, "incident_messages", incident_id)
        ],
        "dispatches": [
            DispatchView.model_validate(found) for found in field_units.dispatches(conn, incident_id)
        ],
        "impacts": impacts.of_incident(conn, incident_id, newest=NEWEST),
        "presses": [
            PressView.model_validate(found) for found in _rows(conn, "incident_presses", incident_id)
        ],
        "notes": [NoteView.model_validate(found) for found in _rows(conn, "incident_notes", incident_id)],
        "contract": _contract(conn, row),
    }
    outlook = _with_outlook(row, stored(conn, row["plan_version"]).toml, steps=None)
    return IncidentDetail.model_validate(outlook | belongings)


def _rows(conn: Connection, query: str, incident_id: UUID) -> list[dict[str, Any]]:
    return conn.execute(SQL[query], {"id": incident_id, "newest": NEWEST}).fetchall()


def _with_outlook(row: dict[str, Any], plan: str, *, steps: int | None) -> dict[str, Any]:
    """A row with so many of the steps ahead (None: all), each of which costs a decision."""
    try:
        state = _STATE.validate_json(row["state"])
        timers = _TIMERS.validate_json(row["timers"])
        ahead = list(islice(steps_ahead(state, _read_plan(plan), timers), steps))
    except (LookupError, ValueError, TypeError, AssertionError):
        # The machine can do nothing for it, so a person must; and it must not hide the others.
        _log.exception("an incident cannot be read", incident=str(row["id"]))
        unknown: dict[str, Any] = {
            "ahead": [],
            "reach": Reach.VOICE,
            "ambulance": None,
            "waiting": [],
            "on_line": None,
        }
        return row | {"tasks": [Task.TAKE], "next": None} | unknown
    coming = [NextStep(id=one.id, name=one.name, due_at=one.due_at) for one in ahead]
    return row | {
        "tasks": state.tasks,
        "next": coming[0] if coming else None,
        "ahead": coming,
        "reach": state.reach,
        "ambulance": state.ambulance,
        "waiting": state.waiting,
        "on_line": state.on_line,
    }


_read_plan = lru_cache(maxsize=64)(read_plan)


def _contract(conn: Connection, row: dict[str, Any]) -> ContractView | None:
    if row["policy_id"] is None:
        return None
    policy = policies.read(conn, row["policy_id"])
    if policy is None:
        return None
    vehicle = conn.execute(SQL["vehicle"], {"id": row["vehicle_id"]}).fetchone()
    return ContractView(
        policy_id=policy.id,
        valid_from=policy.valid_from,
        valid_to=policy.valid_to,
        holder=policy.holder,
        vehicle=VehicleView.model_validate(vehicle) if vehicle else None,
    )
