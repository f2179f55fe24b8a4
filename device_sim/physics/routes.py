"""Routes that simulated cars drive: smooth closed curves through way points of real places."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np

from schemas.recording import Floats

STEP_M: Final = 1.0
_GRADE_SMOOTHING_M: Final = 25.0
_TURN_LIMIT_KMH: Final = 20.0


class RouteError(ValueError):
    """A route that is not known, or whose way points make no road."""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A closed curve, sampled every `STEP_M` metres (its last sample is the first again).

    East and north are metres from the origin; `heading_rad` is clockwise from north and not
    wrapped; `curvature_per_m` is positive to the right; `grade` is rise over run.
    """

    id: str
    name_ja: str
    name_en: str
    kind: str
    roughness: float
    potholes_per_km: float
    origin_lat_deg: float
    origin_lon_deg: float
    along_m: Floats
    east_m: Floats
    north_m: Floats
    heading_rad: Floats
    curvature_per_m: Floats
    grade: Floats
    limit_mps: Floats
    signals_m: Floats

    @property
    def length_m(self) -> float:
        """Once around, in metres."""
        return float(self.along_m[-1])

    def sample(self, values: Floats, at_m: Floats) -> Floats:
        """One of the curve's quantities at distances along it, which may exceed one lap."""
        return np.interp(np.mod(at_m, self.length_m), self.along_m, values)

    def lat_lon(self, east_m: float, north_m: float) -> tuple[float, float]:
        """Degrees on WGS 84 of a point near the route."""
        per_lat, per_lon = metres_per_degree(self.origin_lat_deg)
        return self.origin_lat_deg + north_m / per_lat, self.origin_lon_deg + east_m / per_lon


def metres_per_degree(lat_deg: float) -> tuple[float, float]:
    """Metres per degree of latitude and of longitude on WGS 84.

    The usual series of the ellipsoid's radii (e.g. US National Geospatial-Intelligence
    Agency, "Length of a degree of latitude and longitude"), good to centimetres per degree.
    """
    phi = np.radians(lat_deg)
    per_lat = 111132.92 - 559.82 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
    per_lon = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi) + 0.118 * np.cos(5 * phi)
    return float(per_lat), float(per_lon)


def route_ids() -> tuple[str, ...]:
    """The ids of all routes, in the order of the data file."""
    return tuple(_entries())


@cache
def load_route(route_id: str) -> Route:
    """Build a route; the same object for the same id.

    Raises RouteError, naming the known ones, for an unknown id.
    """
    entries = _entries()
    if route_id not in entries:
        raise RouteError(f"no route {route_id!r}; there are {', '.join(entries)}")
    return _build(entries[route_id])


@cache
def _entries() -> dict[str, dict[str, Any]]:
    text = resources.files("device_sim.physics").joinpath("routes.toml").read_text(encoding="utf-8")
    return {entry["id"]: entry for entry in tomllib.loads(text)["route"]}


def _build(entry: dict[str, Any]) -> Route:
    points: Floats = np.asarray(entry["points"], dtype=np.float64)
    lat0, lon0 = float(points[:, 0].mean()), float(points[:, 1].mean())
    per_lat, per_lon = metres_per_degree(lat0)
    # Columns: east, north, elevation, limit.
    line: Floats = np.column_stack(
        [
            (points[:, 1] - lon0) * per_lon,
            (points[:, 0] - lat0) * per_lat,
            points[:, 2],
            points[:, 3] / 3.6,
        ]
    )
    smoothing_m = float(entry["smoothing_m"])
    if entry["closed"]:
        lap = _resampled(np.vstack([line, line[:1]]))[:-1]
        lap[:, :3] = _smoothed_around(lap[:, :3], smoothing_m)
    else:
        lap = _there_and_back(line, smoothing_m, float(entry["turn_radius_m"]))
    lap = _resampled(np.vstack([lap, lap[:1]]))
    along: Floats = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(lap[:, :2], axis=0).T))])
    heading = _headings(lap)
    elevation = _smoothed_around(lap[:-1, 2:3], _GRADE_SMOOTHING_M)[:, 0]
    nearest = [int(np.argmin(np.hypot(*(lap[:, :2] - line[index, :2]).T))) for index in entry["signals"]]
    return Route(
        id=entry["id"],
        name_ja=entry["name_ja"],
        name_en=entry["name_en"],
        kind=entry["kind"],
        roughness=float(entry["roughness"]),
        potholes_per_km=float(entry["potholes_per_km"]),
        origin_lat_deg=lat0,
        origin_lon_deg=lon0,
        along_m=along,
        east_m=lap[:, 0].copy(),
        north_m=lap[:, 1].copy(),
        heading_rad=heading,
        curvature_per_m=np.gradient(heading, along),
        grade=np.gradient(np.append(elevation, elevation[0]), along),
        limit_mps=lap[:, 3].copy(),
        signals_m=along[np.sort(np.asarray(nearest, dtype=np.int64))],
    )


def _resampled(line: Floats) -> Floats:
    """Points every `STEP_M` along a line of way points; the limit is that of the stretch's start."""
    lengths: Floats = np.hypot(*np.diff(line[:, :2], axis=0).T)
    ends: Floats = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(2, round(float(ends[-1]) / STEP_M))
    at: Floats = np.linspace(0.0, float(ends[-1]), count + 1)
    stretch = np.clip(np.searchsorted(ends, at, side="right") - 1, 0, lengths.size - 1)
    return np.column_stack([*(np.interp(at, ends, line[:, column]) for column in range(3)), line[stretch, 3]])


def _smoothed_around(columns: Floats, sigma_m: float) -> Floats:
    """Gaussian smoothing of a closed curve's columns."""
    reach = min(round(4 * sigma_m / STEP_M), len(columns) - 1)
    kernel: Floats = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_M / sigma_m) ** 2)
    kernel /= kernel.sum()
    around = np.concatenate([columns[len(columns) - reach :], columns, columns[:reach]])
    return np.column_stack([np.convolve(column, kernel, mode="valid") for column in around.T])


def _there_and_back(line: Floats, smoothing_m: float, radius_m: float) -> Floats:
    """Both directions of a road, each `radius_m` left of its middle, joined by half circles.

    The road is smoothed as if it went on beyond its ends, point-mirrored there, so that the
    ends stay in place.
    """
    road = _resampled(line)
    reach = min(round(4 * smoothing_m / STEP_M), len(road) - 1)
    before, after = 2 * road[0] - road[reach:0:-1], 2 * road[-1] - road[-2 : -reach - 2 : -1]
    longer = np.vstack([before, road, after])
    road[:, :3] = _smoothed_around(longer[:, :3], smoothing_m)[reach : reach + len(road)]
    heading = _headings(road)
    right = np.column_stack([np.cos(heading), -np.sin(heading)])
    there, back = road.copy(), road[::-1].copy()
    there[:, :2] -= radius_m * right
    back[:, :2] += radius_m * right[::-1]
    lap = np.vstack([there, _half_turn(road[-1], heading[-1], radius_m), back,
                     _half_turn(road[0], heading[0] + np.pi, radius_m)])  # fmt: skip
    lap[:, :3] = _smoothed_around(lap[:, :3], min(smoothing_m, radius_m / 2))
    return lap


def _half_turn(about: Floats, heading_rad: float, radius_m: float) -> Floats:
    """A half circle to the right about a road's end, from its left side to its other side."""
    steps = max(3, round(np.pi * radius_m / STEP_M))
    turned = heading_rad - np.pi / 2 + np.pi * np.arange(1, steps) / steps
    arc: Floats = np.tile(about, (steps - 1, 1))
    arc[:, 0] += radius_m * np.sin(turned)
    arc[:, 1] += radius_m * np.cos(turned)
    arc[:, 3] = _TURN_LIMIT_KMH / 3.6
    return arc


def _headings(line: Floats) -> Floats:
    """Clockwise from north at every point; on a closed curve the ends agree up to whole turns."""
    closed = bool(np.allclose(line[0, :2], line[-1, :2]))
    around = np.vstack([line[-2], line, line[1]]) if closed else line
    steps = np.gradient(around[:, :2], axis=0)
    heading: Floats = np.unwrap(np.arctan2(steps[:, 0], steps[:, 1]))
    return heading[1:-1] if closed else heading
