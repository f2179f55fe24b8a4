"""The routes are drivable roads at the places they name."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

import device_sim.physics.routes
from device_sim.physics.routes import RouteError, load_route, metres_per_degree, route_ids

ENTRIES = {
    entry["id"]: entry
    for entry in tomllib.loads(
        Path(device_sim.physics.routes.__file__).with_name("routes.toml").read_text(encoding="utf-8")
    )["route"]
}
# South, west, north and east of the places named, in degrees.
BOXES = {
    "matsumoto-town": (36.22, 137.95, 36.25, 137.99),
    "tomei-gotemba-numazu": (35.13, 138.84, 35.31, 138.96),
    "hakone-old-tokaido": (35.19, 139.02, 35.24, 139.11),
}


def test_there_is_a_town_a_motorway_and_a_mountain_road() -> None:
    assert set(route_ids()) == set(BOXES)
    assert {load_route(each).kind for each in route_ids()} == {"town", "motorway", "mountain"}


@pytest.mark.parametrize("route_id", BOXES)
def test_a_route_is_a_smooth_closed_curve_at_its_place(route_id: str) -> None:
    route = load_route(route_id)
    steps = np.diff(route.along_m)
    assert steps.min() > 0.9
    assert steps.max() < 1.01
    assert math.hypot(route.east_m[-1] - route.east_m[0], route.north_m[-1] - route.north_m[0]) < 0.01
    turned_deg = math.degrees(route.heading_rad[-1] - route.heading_rad[0])
    assert abs(turned_deg) == pytest.approx(360.0, abs=1.0)
    assert 1 / np.abs(route.curvature_per_m).max() > 3.0
    assert np.abs(route.grade).max() < 0.13
    south, west, north, east = BOXES[route_id]
    for row in range(0, route.along_m.size, 200):
        lat, lon = route.lat_lon(float(route.east_m[row]), float(route.north_m[row]))
        assert south < lat < north
        assert west < lon < east
    assert route.name_en
    assert any("\u3040" <= sign <= "\u9fff" for sign in route.name_ja)


@pytest.mark.parametrize("route_id", BOXES)
def test_a_route_passes_its_way_points(route_id: str) -> None:
    route = load_route(route_id)
    per_lat, per_lon = metres_per_degree(route.origin_lat_deg)
    for lat, lon, _, _ in ENTRIES[route_id]["points"]:
        north, east = (lat - route.origin_lat_deg) * per_lat, (lon - route.origin_lon_deg) * per_lon
        assert np.hypot(route.east_m - east, route.north_m - north).min() < 30.0


@pytest.mark.parametrize("route_id", BOXES)
def test_heading_is_where_the_next_metre_lies(route_id: str) -> None:
    route = load_route(route_id)
    middle = (route.heading_rad[:-1] + route.heading_rad[1:]) / 2
    assert np.abs(np.diff(route.east_m) - np.sin(middle) * np.diff(route.along_m)).max() < 0.05
    assert np.abs(np.diff(route.north_m) - np.cos(middle) * np.diff(route.along_m)).max() < 0.05


def test_both_directions_keep_left() -> None:
    route = load_route("tomei-gotemba-numazu")
    there = int(route.along_m.size * 0.25)
    gaps = np.hypot(route.east_m - route.east_m[there], route.north_m - route.north_m[there])
    half = route.along_m.size // 2
    back = half + int(np.argmin(gaps[half:]))
    assert 20.0 < gaps[back] < 35.0
    heading = route.heading_rad[there]
    to_back = np.asarray(
        [route.east_m[back] - route.east_m[there], route.north_m[back] - route.north_m[there]]
    )
    assert to_back @ np.asarray([math.cos(heading), -math.sin(heading)]) > 0, "oncoming cars are on the right"


def test_hairpins_turn_back_within_seventy_metres() -> None:
    route = load_route("hakone-old-tokaido")
    turned = np.abs(route.heading_rad[70:] - route.heading_rad[:-70])
    hairpins = np.count_nonzero(np.diff((turned > math.radians(150)).astype(int)) == 1)
    assert hairpins >= 2 * 6


def test_sampling_goes_around() -> None:
    route = load_route("matsumoto-town")
    at = np.asarray([12.3, 700.5])
    again = route.sample(route.east_m, at + 2 * route.length_m)
    assert again == pytest.approx(route.sample(route.east_m, at), abs=1e-6)


@pytest.mark.parametrize("lat_deg", [24.0, 36.0, 45.0])
def test_metres_per_degree_agree_with_the_ellipsoids_radii(lat_deg: float) -> None:
    a_m, e2 = 6378137.0, 0.00669437999014
    sin2 = math.sin(math.radians(lat_deg)) ** 2
    per_lat = math.pi / 180 * a_m * (1 - e2) / (1 - e2 * sin2) ** 1.5
    per_lon = math.pi / 180 * a_m / math.sqrt(1 - e2 * sin2) * math.cos(math.radians(lat_deg))
    assert metres_per_degree(lat_deg) == pytest.approx((per_lat, per_lon), rel=1e-5)


def test_an_unknown_route_names_the_known_ones() -> None:
    with pytest.raises(RouteError, match=r"no route 'atlantis'.*hakone-old-tokaido"):
        load_route("atlantis")
