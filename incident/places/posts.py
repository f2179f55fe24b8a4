"""The directory of kilometre posts: imported, replaced as a whole, and asked for those near a place."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any, Final

from incident.places import imports
from incident.places.place import RoadCandidate, RoadFinding, Words
from incident.places.roads import LONGEST_LEG_KM, NEAR_M, Post, Travel, road_kind, roads_near
from incident.places.sphere import KM_PER_DEGREE
from incident.places.table import LAT_DEG, LON_DEG, Row, read_table
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import RoadKind

SQL = Queries("incident.places")
COLUMNS: Final = (
    *("road_ja", "road_en", "direction_ja", "direction_en", "travel", "kind", "km"),
    *("lat_deg", "lon_deg", "tunnel"),
)
KINDS: Final = {
    "expressway": RoadKind.EXPRESSWAY,
    # Walking and stopping are as forbidden, and as deadly, on any road for motor vehicles only.
    "motor_road": RoadKind.EXPRESSWAY,
    "general": RoadKind.GENERAL,
}
_LOOK_KM: Final = NEAR_M / 1000 + LONGEST_LEG_KM
_REGION_KM: Final = 15.0
_HIGHEST_KM: Final = 2000.0

PostRow = tuple[str, str, str, str, str, str, float, float, float, bool]


def read_posts(text: str) -> list[PostRow]:
    """The posts of a CSV text, in the order of the columns. Raises table.DirectoryError with every fault."""
    seen: dict[tuple[str, str, float], int] = {}

    def entry(row: Row) -> PostRow:
        travel = row.choice("travel", [*Travel])
        directed = travel != Travel.BOTH
        directions = tuple(row.text(column, needed=directed) for column in ("direction_ja", "direction_en"))
        if not directed and any(directions):
            row.fault(
                "direction_ja" if directions[0] else "direction_en",
                "empty where travel is both: such posts do not tell the carriageways apart",
            )
        post = (
            *(row.text("road_ja"), row.text("road_en"), directions[0], directions[1], travel),
            row.choice("kind", [*KINDS]),
            row.number("km", 0.0, _HIGHEST_KM),
            row.number("lat_deg", *LAT_DEG),
            row.number("lon_deg", *LON_DEG),
            row.choice("tunnel", ["yes", "no"]) == "yes",
        )
        first = seen.setdefault((post[0], post[2], post[6]), row.line)
        if first != row.line:
            row.fault("km", f"once for each road and direction; line {first} has it")
        return post

    return read_table(text, COLUMNS, entry)


def replace_posts(conn: Connection, posts: Sequence[PostRow]) -> None:
    """Put these posts in place of those there are, within the caller's transaction."""
    imports.begin(conn, "roads")
    conn.execute(SQL["clear_roads"])
    with conn.cursor().copy(SQL["copy_roads"]) as copy:
        for post in posts:
            copy.write_row(post)
    imports.end(conn, "roads", len(posts))


def roads_at(
    conn: Connection, position: Position, heading_deg: float | None, speed_before_kmh: float | None
) -> tuple[tuple[RoadCandidate, ...], RoadFinding]:
    """The roads the car may have been on, and the kind of road that makes it."""
    rows = conn.execute(SQL["posts_within"], _box(position, _LOOK_KM)).fetchall()
    candidates = roads_near(map(_post, rows), position, heading_deg)
    directory_near = bool(rows)
    if not directory_near:
        found = conn.execute(SQL["any_post_within"], _box(position, _REGION_KM)).fetchone()
        directory_near = found is not None and found["found"]
    return candidates, road_kind(candidates, speed_before_kmh, directory_near=directory_near)


def _box(position: Position, km: float) -> dict[str, float]:
    lat = km / KM_PER_DEGREE
    lon = lat / max(0.01, cos(radians(position.lat_deg)))
    return {
        "south": position.lat_deg - lat,
        "north": position.lat_deg + lat,
        "west": position.lon_deg - lon,
        "east": position.lon_deg + lon,
    }


def _post(row: dict[str, Any]) -> Post:
    travel = Travel(row["travel"])
    return Post(
        Words(row["road_ja"], row["road_en"]),
        None if travel is Travel.BOTH else Words(row["direction_ja"], row["direction_en"]),
        travel,
        KINDS[row["kind"]],
        row["km"],
        Position(row["lat_deg"], row["lon_deg"]),
        row["tunnel"],
    )
