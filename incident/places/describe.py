"""Everything about one place, as the service asks for it within an incident's transaction."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import psycopg
import structlog
from pydantic import TypeAdapter

from incident.places.boundaries import municipality_at
from incident.places.fire import fire_words, headquarters_of
from incident.places.geocoder import Geocoder, OfflineGeocoder, municipality_map
from incident.places.place import (
    Area,
    FireHeadquarters,
    Municipality,
    PlaceFacts,
    RoadCandidate,
    RoadFinding,
    Words,
)
from incident.places.posts import roads_at
from incident.places.prefectures import city_of
from incident.places.roads import road_kind
from incident.places.towns import Towns, load_towns
from incident.places.words import FAR_FROM_TOWN_KM, area_words, hint_words, place_words, road_words
from runtime.database import Connection
from schemas.impact import Position

_FACTS: Final[TypeAdapter[PlaceFacts]] = TypeAdapter(PlaceFacts)
# What a directory's contents could do to a query; a lost connection is not among them.
_BAD_DIRECTORY: Final = (
    psycopg.DataError,
    psycopg.ProgrammingError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
)


@cache
def _towns() -> Towns:
    return load_towns()


@cache
def _offline() -> Geocoder:
    return OfflineGeocoder(_towns(), municipality_map())


def warm() -> None:
    """Load the towns and the map before the first incident: some 0.1 s and 10 MB, once a process."""
    _offline().area(Position(35.0, 139.0))


def describe(
    conn: Connection,
    position: Position,
    heading_deg: float | None = None,
    speed_before_kmh: float | None = None,
    *,
    geocoder: Geocoder | None = None,
) -> PlaceFacts:
    """What is known of a place: a few queries and no network, so it belongs into the incident's transaction.

    Heading and speed are those before the impact; None where they are not known, and no heading of a car
    that stood. A directory that cannot be read is left out: no incident may fail for it. Raises
    psycopg.OperationalError where the connection is lost.
    """
    nearest = _towns().nearest(position)
    guess = (geocoder or _offline()).area(position)
    area, fire = guess, ()
    roads: tuple[RoadCandidate, ...] = ()
    road = road_kind((), speed_before_kmh, directory_near=False)
    try:
        with conn.transaction():
            area, roads, road, fire = _look_up(conn, position, guess, heading_deg, speed_before_kmh)
    except _BAD_DIRECTORY as error:
        structlog.get_logger().error("a directory of places cannot be read", reason=str(error).strip())
    off_address = bool(roads) or nearest is None or nearest[1] > FAR_FROM_TOWN_KM
    return PlaceFacts(
        position=position,
        words=place_words(area_words(position, area, nearest), road_words(roads)),
        hint=hint_words(position, area, roads, off_address=off_address),
        area=area,
        off_address=off_address,
        roads=roads,
        road=road,
        fire=fire,
        fire_words=fire_words(position, area, fire),
    )


def as_json(facts: PlaceFacts) -> dict[str, Any]:
    """The facts as they are kept with the incident."""
    return _FACTS.dump_python(facts, mode="json")


def from_json(kept: dict[str, Any]) -> PlaceFacts:
    """The facts as they were kept."""
    return _FACTS.validate_python(kept)


def _look_up(
    conn: Connection,
    position: Position,
    guess: Area | None,
    heading_deg: float | None,
    speed_before_kmh: float | None,
) -> tuple[Area | None, tuple[RoadCandidate, ...], RoadFinding, tuple[FireHeadquarters, ...]]:
    area = _exact(municipality_at(conn, position), guess)
    roads, road = roads_at(conn, position, heading_deg, speed_before_kmh)
    return area, roads, road, headquarters_of(conn, area)


def _exact(found: tuple[str, str] | None, guess: Area | None) -> Area | None:
    """The area by imported boundaries. They have no English names: that of the guess, if it is the same."""
    if found is None:
        return guess
    code, name_ja = found
    same = guess is not None and guess.municipality.code in {code, city_of(code)}
    name = Words(name_ja, guess.municipality.name.en if same and guess is not None else name_ja)
    return Area(Municipality(code, name), is_guess=False)


__all__ = ["PlaceFacts", "as_json", "describe", "from_json", "warm"]
