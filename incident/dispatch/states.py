"""Which unit to ask, and what a unit may report when: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

from schemas.impact import Position
from schemas.incident import DispatchState

EARTH_RADIUS_KM: Final = 6371.0088  # mean radius, IUGG 1980
FARTHEST_KM: Final = 150.0

TRANSITIONS: Final[Mapping[DispatchState, frozenset[DispatchState]]] = {
    DispatchState.OFFERED: frozenset({DispatchState.ACCEPTED, DispatchState.DECLINED}),
    DispatchState.ACCEPTED: frozenset(
        {DispatchState.EN_ROUTE, DispatchState.ON_SCENE, DispatchState.DECLINED}
    ),
    DispatchState.EN_ROUTE: frozenset({DispatchState.ON_SCENE, DispatchState.DECLINED}),
    DispatchState.ON_SCENE: frozenset({DispatchState.SECURED, DispatchState.COMPLETED}),
    DispatchState.SECURED: frozenset({DispatchState.COMPLETED}),
}
"""What a unit may report in each state; DECLINED after accepting means it cannot come after all."""


class DispatchRefused(Exception):
    """A unit's report that does not fit the dispatch's state; nothing was changed."""

    def __init__(self, state: DispatchState, wanted: DispatchState) -> None:
        self.state, self.wanted = state, wanted
        super().__init__(f"the dispatch is {state}, so it cannot become {wanted}")


@dataclass(frozen=True, slots=True)
class FreeUnit:
    """A unit that could be asked, and where it was last."""

    id: str
    position: Position


def check_move(state: DispatchState, wanted: DispatchState) -> None:
    """Raise DispatchRefused unless a unit may report `wanted` in `state`."""
    if wanted not in TRANSITIONS.get(state, frozenset()):
        raise DispatchRefused(state, wanted)


def nearest(units: Iterable[FreeUnit], place: Position) -> FreeUnit | None:
    """The unit closest by great circle, within 150 km; of equals the first by id."""
    reachable = [(distance_km(unit.position, place), unit.id, unit) for unit in units]
    in_range = [entry for entry in reachable if entry[0] <= FARTHEST_KM]
    return min(in_range)[2] if in_range else None


def distance_km(a: Position, b: Position) -> float:
    """Great-circle distance by the haversine formula (Sinnott, Sky and Telescope 68(2), 1984)."""
    lat_a, lat_b = radians(a.lat_deg), radians(b.lat_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.lon_deg - a.lon_deg) / 2
    haversine = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(haversine)))
