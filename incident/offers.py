"""Effects on dispatches: whom to offer the work to, and calling it off."""

from __future__ import annotations

from incident.dispatch import FreeUnit, nearest
from incident.events import DispatchMoved, Event
from incident.hands import SQL, Hands
from schemas.impact import Position
from schemas.incident import DispatchKind, DispatchState


def offer(hands: Hands, kind: DispatchKind, expired_unit: str | None) -> list[Event]:
    """Offer the work to the next unit; `expired_unit` is the one whose offer ran out."""
    key = {"incident_id": hands.incident_id, "kind": kind, "at": hands.at}
    dispatch = hands.conn.execute(SQL["dispatch_for_update"], key).fetchone()
    if expired_unit is not None:
        if dispatch is None or dispatch["state"] != "offered" or dispatch["unit_id"] != expired_unit:
            return []
        hands.conn.execute(SQL["reopen_dispatch"], {"id": dispatch["id"]})
        return [DispatchMoved(hands.at, kind, DispatchState.OFFER_EXPIRED, expired_unit)]
    if dispatch is None:
        dispatch = hands.conn.execute(SQL["insert_dispatch"], key).fetchone()
    if dispatch is None or dispatch["state"] != "requested":
        return []
    unit = _nearest_free(hands, kind, dispatch["tried"])
    if unit is None:
        hands.conn.execute(SQL["end_dispatch"], {"id": dispatch["id"], "state": "failed", "at": hands.at})
        return [DispatchMoved(hands.at, kind, DispatchState.FAILED)]
    hands.conn.execute(SQL["offer_dispatch"], {"id": dispatch["id"], "unit_id": unit.id, "at": hands.at})
    return [DispatchMoved(hands.at, kind, DispatchState.OFFERED, unit.id)]


def stand_down(hands: Hands, kind: DispatchKind) -> list[Event]:
    """Call a dispatch off."""
    key = {"incident_id": hands.incident_id, "kind": kind}
    dispatch = hands.conn.execute(SQL["dispatch_for_update"], key).fetchone()
    if dispatch is None:
        return []
    hands.conn.execute(SQL["end_dispatch"], {"id": dispatch["id"], "state": "stood_down", "at": hands.at})
    return [DispatchMoved(hands.at, kind, DispatchState.STOOD_DOWN, dispatch["unit_id"])]


def _nearest_free(hands: Hands, kind: DispatchKind, tried: list[str]) -> FreeUnit | None:
    if hands.position is None:
        return None
    # Two incidents must not choose the same unit: choosing is one at a time.
    hands.conn.execute(SQL["lock_dispatching"])
    rows = hands.conn.execute(SQL["free_units"], {"kind": kind, "tried": tried}).fetchall()
    units = [FreeUnit(row["id"], Position(row["lat_deg"], row["lon_deg"])) for row in rows]
    return nearest(units, hands.position)
