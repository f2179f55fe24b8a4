"""Which road a car was on, by kilometre posts: pure.

Roads lie over and beside each other, and a position is off by some metres. So every road that is
about as near as the nearest stays a candidate, and so does each carriageway while nothing tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Final

from incident.places.place import RoadCandidate, RoadFinding, Words
from incident.places.sphere import Offset, offset, turn_deg
from schemas.impact import Position
from schemas.incident import RoadKind

NEAR_M: Final = 80.0
ABOUT_AS_NEAR_M: Final = 40.0
"""Candidates are no further off than the nearest and this; a road within it counts as the car's own."""
LONGEST_LEG_KM: Final = 1.2
"""Posts further apart than this do not follow each other."""
CROSSING_DEG: Final = 50.0
"""A road at a larger angle to the car's heading was crossed, not driven on."""
FASTER_THAN_GENERAL_KMH: Final = 80.0
TELLS_BY_ITSELF_KMH: Final = 90.0


class Travel(StrEnum):
    """Whether kilometres rise or fall as one drives along; BOTH for one row of posts for both carriageways."""

    RISING = "rising"
    FALLING = "falling"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Post:
    """A kilometre post. `direction` is None exactly with Travel.BOTH."""

    road: Words
    direction: Words | None
    travel: Travel
    kind: RoadKind
    km: float
    position: Position
    tunnel: bool


@dataclass(frozen=True, slots=True)
class _Leg:
    """Where the car is on the way between two posts; `heading_deg` along rising kilometres, None at a lone post."""

    away_m: float
    km: float
    heading_deg: float | None
    tunnel: bool


def roads_near(
    posts: Iterable[Post], position: Position, heading_deg: float | None
) -> tuple[RoadCandidate, ...]:
    """Every road the car may have been on, nearest first.

    `heading_deg` is where the car drove before, clockwise from north; None where it is not known or
    the car stood. It leaves out roads that were crossed and the opposite carriageway.
    """
    found: list[tuple[RoadCandidate, bool]] = []
    for row in _rows(posts):
        leg = min(_legs(row, position), key=lambda leg: leg.away_m)
        if leg.away_m > NEAR_M:
            continue
        against = False
        if heading_deg is not None and leg.heading_deg is not None:
            turn = turn_deg(heading_deg, leg.heading_deg)
            if min(turn, 180 - turn) > CROSSING_DEG:
                continue
            against = row[0].travel is not Travel.BOTH and (turn > 90) == (row[0].travel is Travel.RISING)
        first = row[0]
        found.append(
            (RoadCandidate(first.road, first.direction, first.kind, leg.km, leg.away_m, leg.tunnel), against)
        )
    found.sort(key=lambda entry: entry[0].away_m)
    with_it = {candidate.road for candidate, against in found if not against}
    candidates = [
        candidate if not against else _undirected(candidate)
        for candidate, against in found
        if not against or candidate.road not in with_it
    ]
    return tuple(one for one in candidates if one.away_m <= candidates[0].away_m + ABOUT_AS_NEAR_M)


def road_kind(
    roads: Sequence[RoadCandidate], speed_before_kmh: float | None, *, directory_near: bool
) -> RoadFinding:
    """On which kind of road an incident happened.

    Wrongly "expressway": no guard goes by itself, though an operator is there and can send one, and
    the driver hears to get behind the barrier, which harms nobody. Wrongly "general": a guard is sent
    onto an expressway, and nobody is told to get out of the traffic. So a place on the posts of an
    expressway is one, also for a car that stood (the tail of a jam), unless an ordinary road is as near.
    """
    speed = speed_before_kmh or 0.0
    own = [road for road in roads if road.away_m <= ABOUT_AS_NEAR_M]
    fast = speed >= FASTER_THAN_GENERAL_KMH
    said = f"{speed:.0f}"
    expressways = [road for road in roads if road.kind is RoadKind.EXPRESSWAY]
    if expressways:
        name, away = expressways[0].road, f"{expressways[0].away_m:.0f}"
        posts = Words(f"{name.ja}の距離標から{away}m", f"{away} m from the posts of {name.en}")
        general = next((road.road for road in roads if road.kind is RoadKind.GENERAL), None)
        if general is None and any(road.kind is RoadKind.EXPRESSWAY for road in own):
            return RoadFinding(RoadKind.EXPRESSWAY, not fast, posts)
        if fast:
            reason = Words(f"{posts.ja}、直前の速度{said}km/h", f"{posts.en}, at {said} km/h before")
            return RoadFinding(RoadKind.EXPRESSWAY, is_guess=True, reason=reason)
        beside = Words("一般道も考えられる", "perhaps beside it")
        if general is not None:
            beside = Words(f"{general.ja}も近い", f"{general.en} is as near")
        return RoadFinding(
            RoadKind.UNKNOWN,
            is_guess=True,
            reason=Words(f"{posts.ja}、{beside.ja}", f"{posts.en}, {beside.en}"),
        )
    if roads:
        name = roads[0].road
        return RoadFinding(
            RoadKind.GENERAL,
            is_guess=False,
            reason=Words(f"{name.ja}の距離標の近く", f"by the posts of {name.en}"),
        )
    none_near = Words("近くに高速道路の距離標なし", "no kilometre posts of an expressway near")
    if not directory_near:
        none_near = Words("この地域の距離標の名簿なし", "no directory of kilometre posts for this region")
    if speed > TELLS_BY_ITSELF_KMH:
        # A directory that has roads here and none at this place speaks against it.
        kind = RoadKind.UNKNOWN if directory_near else RoadKind.EXPRESSWAY
        reason = Words(f"{none_near.ja}、直前の速度{said}km/h", f"{none_near.en}, at {said} km/h before")
        return RoadFinding(kind, is_guess=True, reason=reason)
    return RoadFinding(
        RoadKind.GENERAL if directory_near else RoadKind.UNKNOWN, is_guess=True, reason=none_near
    )


def _rows(posts: Iterable[Post]) -> Iterator[list[Post]]:
    """Posts by road and carriageway, in the order of their kilometres."""

    def carriageway(post: Post) -> tuple[str, str]:
        return post.road.ja, post.direction.ja if post.direction is not None else ""

    for _, row in groupby(sorted(posts, key=lambda post: (*carriageway(post), post.km)), key=carriageway):
        yield list(row)


def _legs(row: Sequence[Post], position: Position) -> Iterator[_Leg]:
    for a, b in pairwise(row):
        if b.km - a.km > LONGEST_LEG_KM:
            continue
        from_a, to_b = offset(position, a.position), offset(position, b.position)
        way = Offset(to_b.east_m - from_a.east_m, to_b.north_m - from_a.north_m)
        if way.length_m == 0:
            continue
        part = -(from_a.east_m * way.east_m + from_a.north_m * way.north_m) / way.length_m**2
        part = min(1.0, max(0.0, part))
        foot = Offset(from_a.east_m + part * way.east_m, from_a.north_m + part * way.north_m)
        # No flare in a tunnel: said also for the stretch before its first post.
        yield _Leg(foot.length_m, a.km + part * (b.km - a.km), way.heading_deg, a.tunnel or b.tunnel)
    # Last, as of equals the first is taken: a leg knows its heading.
    for post in row:
        yield _Leg(offset(position, post.position).length_m, post.km, None, post.tunnel)


def _undirected(candidate: RoadCandidate) -> RoadCandidate:
    return RoadCandidate(
        candidate.road, None, candidate.kind, candidate.km, candidate.away_m, candidate.tunnel
    )
