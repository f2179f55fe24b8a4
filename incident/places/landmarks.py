"""The directory of hospitals and police stations near the roads: shown beside an incident's place.

A machine rings none of them. The directory is imported, dated, and replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from incident.places import imports
from incident.places.place import Words
from incident.places.sphere import Box, distance_km
from incident.places.table import LAT_DEG, LON_DEG, Row, read_table
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position

SQL = Queries("incident.places")
COLUMNS: Final = ("kind", "name_ja", "name_en", "number", "lat_deg", "lon_deg", "source", "as_of")
NEAR_KM: Final = 40.0
MOST_OF_A_KIND: Final = 3


class LandmarkKind(StrEnum):
    """What may be near."""

    HOSPITAL = "hospital"
    POLICE = "police"


@dataclass(frozen=True, slots=True)
class Landmark:
    """A hospital that takes emergencies, or a police station; its number as written, empty if unknown."""

    kind: LandmarkKind
    name: Words
    number: str
    position: Position
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Near:
    """A landmark, and how far it is as the crow flies."""

    landmark: Landmark
    distance_km: float


def read_landmarks(text: str, today: date) -> list[Landmark]:
    """The entries of a CSV text. Raises table.DirectoryError with every fault in it."""

    def entry(row: Row) -> Landmark:
        kind = row.choice("kind", [*LandmarkKind])
        return Landmark(
            # A wrong word has been put down as a fault: nothing of such a file is taken over.
            LandmarkKind(kind) if kind in [*LandmarkKind] else LandmarkKind.HOSPITAL,
            Words(row.text("name_ja"), row.text("name_en")),
            row.text("number", needed=False),
            Position(row.number("lat_deg", *LAT_DEG), row.number("lon_deg", *LON_DEG)),
            row.text("source"),
            row.day("as_of", latest=today),
        )

    return read_table(text, COLUMNS, entry)


def replace_landmarks(conn: Connection, entries: Sequence[Landmark]) -> None:
    """Put this directory in place of the one there is, within the caller's transaction."""
    imports.begin(conn, "landmarks")
    conn.execute(SQL["clear_landmarks"])
    with conn.cursor().copy(SQL["copy_landmarks"]) as copy:
        for one in entries:
            copy.write_row(
                (
                    one.kind,
                    one.name.ja,
                    one.name.en,
                    one.number,
                    one.position.lat_deg,
                    one.position.lon_deg,
                    one.source,
                    one.as_of,
                )
            )
    imports.end(conn, "landmarks", len(entries))


def near(conn: Connection, place: Position) -> list[Near]:
    """The nearest of each kind within NEAR_KM, nearest first; empty where nothing was imported."""
    rows = conn.execute(SQL["landmarks_within"], asdict(Box.around(place, NEAR_KM))).fetchall()
    found: list[Near] = []
    for row in rows:
        position = Position(row["lat_deg"], row["lon_deg"])
        landmark = Landmark(
            LandmarkKind(row["kind"]),
            Words(row["name_ja"], row["name_en"]),
            row["number"],
            position,
            row["source"],
            row["as_of"],
        )
        found.append(Near(landmark, distance_km(position, place)))
    found = sorted((one for one in found if one.distance_km <= NEAR_KM), key=lambda one: one.distance_km)
    return sorted(
        (
            one
            for kind in LandmarkKind
            for one in [each for each in found if each.landmark.kind is kind][:MOST_OF_A_KIND]
        ),
        key=lambda one: one.distance_km,
    )
