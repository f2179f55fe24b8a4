"""Where a car is and how it drove there, as far as its report and its own fixes tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from incident.places import describe
from incident.places.describe import PlaceFacts
from incident.record.hands import SQL
from runtime.database import Connection
from schemas.impact import Position


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A position and when the car was there; heading and speed are those of its drive before, None if unknown."""

    position: Position
    at: datetime
    heading_deg: float | None
    speed_before_kmh: float | None

    def facts(self, conn: Connection) -> PlaceFacts:
        """What the directories say of it."""
        return describe.describe(conn, self.position, self.heading_deg, self.speed_before_kmh)

    def columns(self, incident_id: UUID, facts: PlaceFacts) -> dict[str, Any]:
        """The columns of an incident that say where it is."""
        return {
            "id": incident_id,
            "lat_deg": self.position.lat_deg,
            "lon_deg": self.position.lon_deg,
            "at": self.at,
            "place": Jsonb(describe.as_json(facts)),
        }


def find(
    conn: Connection, device_id: str | None, reported: Position | None, at: datetime
) -> Whereabouts | None:
    """Where a report says it is, or else where the device was last; None if neither is known."""
    if device_id is None:
        return Whereabouts(reported, at, None, None) if reported is not None else None
    key = {"device_id": device_id, "at": at}
    position, seen_at = reported, at
    if position is None:
        fix = conn.execute(SQL["last_position"], key).fetchone()
        if fix is None:
            return None
        position, seen_at = Position(fix["lat_deg"], fix["lon_deg"]), fix["at"]
    drive = conn.execute(SQL["drive_before"], key).fetchone()
    heading, speed = (drive["heading_deg"], drive["speed_kmh"]) if drive is not None else (None, None)
    return Whereabouts(position, seen_at, heading, speed)


__all__ = ["Whereabouts", "find"]
