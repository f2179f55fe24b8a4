"""Distances and directions on the earth."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt
from typing import Final, Self

from schemas.impact import Position

EARTH_RADIUS_KM: Final = 6371.0088  # mean radius, IUGG 1980
KM_PER_DEGREE: Final = radians(1) * EARTH_RADIUS_KM


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees around a place that hold all within some distance, and a little more.

    `narrowing` is how much shorter a degree of longitude is there than one of latitude.
    """

    south: float
    north: float
    west: float
    east: float
    narrowing: float

    @classmethod
    def around(cls, place: Position, reach_km: float) -> Self:
        """All within so many kilometres, away from the poles."""
        reach_deg, narrowing = reach_km / KM_PER_DEGREE, max(0.01, cos(radians(place.lat_deg)))
        return cls(
            place.lat_deg - reach_deg,
            place.lat_deg + reach_deg,
            place.lon_deg - reach_deg / narrowing,
            place.lon_deg + reach_deg / narrowing,
            narrowing,
        )


@dataclass(frozen=True, slots=True)
class Offset:
    """Metres east and north of somewhere; flat, so good for a few kilometres."""

    east_m: float
    north_m: float

    @property
    def length_m(self) -> float:
        """How far away."""
        return hypot(self.east_m, self.north_m)

    @property
    def heading_deg(self) -> float:
        """Which way, clockwise from north, from 0 up to 360."""
        return degrees(atan2(self.east_m, self.north_m)) % 360


def distance_km(a: Position, b: Position) -> float:
    """Great-circle distance by the haversine formula (Sinnott, Sky and Telescope 68(2), 1984)."""
    lat_a, lat_b = radians(a.lat_deg), radians(b.lat_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.lon_deg - a.lon_deg) / 2
    haversine = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(haversine)))


def offset(origin: Position, to: Position) -> Offset:
    """Where `to` lies as seen from `origin`, nearby."""
    per_degree_m = 1000 * KM_PER_DEGREE
    return Offset(
        (to.lon_deg - origin.lon_deg) * per_degree_m * cos(radians((origin.lat_deg + to.lat_deg) / 2)),
        (to.lat_deg - origin.lat_deg) * per_degree_m,
    )


def moved(origin: Position, by: Offset) -> Position:
    """The place so many metres away, nearby."""
    per_degree_m = 1000 * KM_PER_DEGREE
    return Position(
        origin.lat_deg + by.north_m / per_degree_m,
        origin.lon_deg + by.east_m / (per_degree_m * cos(radians(origin.lat_deg))),
    )


def bearing_deg(origin: Position, to: Position) -> float:
    """The initial course of the great circle, clockwise from north, from 0 up to 360."""
    lat_a, lat_b = radians(origin.lat_deg), radians(to.lat_deg)
    east = radians(to.lon_deg - origin.lon_deg)
    return (
        degrees(atan2(sin(east) * cos(lat_b), cos(lat_a) * sin(lat_b) - sin(lat_a) * cos(lat_b) * cos(east)))
        % 360
    )


def turn_deg(a_deg: float, b_deg: float) -> float:
    """How far apart two headings are, from 0 to 180."""
    return abs((a_deg - b_deg + 180) % 360 - 180)
