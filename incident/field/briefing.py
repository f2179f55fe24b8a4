"""Reads what whoever was asked to come is told."""

from __future__ import annotations

from uuid import UUID

from incident.dispatch.brief import Brief, Car
from incident.places.place import Words
from incident.record.offers import SQL
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import DispatchKind, DispatchState, RoadKind


def read(conn: Connection, dispatch_id: UUID, asked: str) -> Brief | None:
    """The dispatch as a unit (by its id) or a control centre (@ and its provider's) may see it.

    None where it was never offered to them. Beside a unit that is late others are asked: to them it is
    offered, whatever its state.
    """
    row = conn.execute(SQL["brief"], {"id": dispatch_id, "asked": asked}).fetchone()
    if row is None:
        return None
    open_to_them = row["offer"] == "open"
    placed = row["lat_deg"] is not None
    return Brief(
        dispatch_id=row["dispatch_id"],
        offer_id=row["offer_id"],
        kind=DispatchKind(row["kind"]),
        state=DispatchState.OFFERED if open_to_them else DispatchState(row["state"]),
        offer=row["offer"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        arrival_s=row["arrival_s"],
        eta_at=None if open_to_them else row["eta_at"],
        reminder=None if open_to_them else row["reminder"],
        reminder_at=None if open_to_them else row["reminder_at"],
        incident_id=row["incident_id"],
        severity=Severity(row["severity"]) if row["severity"] else None,
        occurred_at=row["occurred_at"],
        position=Position(row["lat_deg"], row["lon_deg"]) if placed else None,
        road=RoadKind(row["road"]),
        place=Words(row["place_ja"], row["place_en"]) if row["place_ja"] and row["place_en"] else None,
        heading_deg=row["heading_deg"],
        car=Car(row["plate"], row["model"], row["colour"], row["fuel"]) if row["plate"] else None,
    )
