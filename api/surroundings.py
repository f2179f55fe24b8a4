"""What lies around an incident: how the car came there, who could come, and what is near."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from api.fields import BothLanguages
from api.views.surroundings import LandmarkView, NearUnit, SurroundingsView, TrackPoint
from incident.dispatch.ranking import Candidate, Need, expect
from incident.places import landmarks
from incident.places.place import Words
from incident.places.sphere import Box
from incident.record.offers import SQL as DISPATCH_SQL
from incident.service import UnknownIncident, now
from incident.wording import JAPAN_TIME
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import DispatchKind

REACH_KM: Final = 60.0
MOST_UNITS: Final = 12
_CANDIDATES: Final = 50
_SQL: Final = Queries("api", "surroundings.sql")
# A unit that can do several things comes for the first of these.
_FIRST: Final = (DispatchKind.GUARD, DispatchKind.TOW)


def read(conn: Connection, incident_id: UUID, *, with_units: bool) -> SurroundingsView:
    """All of it; where the place is unknown only the track. Raises UnknownIncident."""
    row = conn.execute(_SQL["incident"], {"id": incident_id}).fetchone()
    if row is None:
        raise UnknownIncident(incident_id)
    track = conn.execute(_SQL["track"], row).fetchall() if row["device_id"] is not None else []
    place = None if row["lat_deg"] is None else Position(row["lat_deg"], row["lon_deg"])
    return SurroundingsView(
        track=[TrackPoint.model_validate(point) for point in track],
        units=_units(conn, incident_id, place) if place is not None and with_units else [],
        landmarks=_landmarks(conn, place) if place is not None else [],
    )


def _units(conn: Connection, incident_id: UUID, place: Position) -> list[NearUnit]:
    at = now(conn)
    here = at.astimezone(JAPAN_TIME)
    rows = conn.execute(
        DISPATCH_SQL["candidate_units"],
        {
            "incident_id": incident_id,
            "at": at,
            "here": here.time(),
            "skills": [*DispatchKind],
            "lat_deg": place.lat_deg,
            "lon_deg": place.lon_deg,
            "limit": _CANDIDATES,
            **asdict(Box.around(place, REACH_KM)),
        },
    ).fetchall()
    told = {
        row["id"]: row for row in conn.execute(_SQL["names"], {"ids": [row["id"] for row in rows]}).fetchall()
    }
    hour = here.hour + here.minute / 60
    found = [
        _near(row, told[row["id"]], Need(_kind(row["skills"]), place, hour=hour, rings_km=(REACH_KM,)))
        for row in rows
        if row["id"] in told
    ]
    return sorted(found, key=lambda unit: (unit.arrival_s, unit.id))[:MOST_UNITS]


def _near(row: dict[str, Any], told: dict[str, Any], need: Need) -> NearUnit:
    candidate = Candidate(
        row["id"],
        frozenset(DispatchKind(skill) for skill in row["skills"]),
        Position(row["lat_deg"], row["lon_deg"]),
        Position(row["base_lat_deg"], row["base_lon_deg"]),
        position_age_s=row["age_s"],
        drive_s=row["drive_s"],
    )
    expected = expect(need, candidate)
    return NearUnit(
        id=row["id"],
        name=told["name"],
        skills=[DispatchKind(skill) for skill in row["skills"]],
        lat_deg=told["lat_deg"],
        lon_deg=told["lon_deg"],
        position_at=told["position_at"],
        on_shift=row["on_shift"],
        out_of_service=row["out_of_service"],
        busy=row["busy"],
        arrival_s=round(expected.arrival_s),
        distance_km=round(expected.distance_km, 1),
    )


def _kind(skills: list[str]) -> DispatchKind:
    return next((kind for kind in _FIRST if kind in skills), DispatchKind.ROADSIDE)


def _landmarks(conn: Connection, place: Position) -> list[LandmarkView]:
    return [
        LandmarkView(
            kind=one.landmark.kind,
            name=_both(one.landmark.name),
            number=one.landmark.number,
            lat_deg=one.landmark.position.lat_deg,
            lon_deg=one.landmark.position.lon_deg,
            distance_km=round(one.distance_km, 1),
            source=one.landmark.source,
            as_of=one.landmark.as_of,
        )
        for one in landmarks.near(conn, place)
    ]


def _both(said: Words) -> BothLanguages:
    return BothLanguages(ja=said.ja, en=said.en)
