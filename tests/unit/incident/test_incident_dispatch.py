"""Which unit is the nearest."""

from __future__ import annotations

import pytest

from incident.dispatch import EARTH_RADIUS_KM, FARTHEST_KM, FreeUnit, distance_km, nearest
from schemas.impact import Position

TOKYO = Position(35.681236, 139.767125)
OSAKA = Position(34.702485, 135.495951)


def test_distances_that_can_be_known_without_the_formula() -> None:
    quarter_km = EARTH_RADIUS_KM * 3.141592653589793 / 2
    assert distance_km(Position(0, 0), Position(0, 90)) == pytest.approx(quarter_km, rel=1e-12)
    assert distance_km(Position(90, 0), Position(-90, 120)) == pytest.approx(2 * quarter_km, rel=1e-12)
    assert distance_km(Position(0, 179.5), Position(0, -179.5)) == pytest.approx(quarter_km / 90, rel=1e-9)
    assert distance_km(TOKYO, TOKYO) == 0
    # Along a parallel the way is shorter by the cosine of the latitude, to first order.
    assert distance_km(Position(60, 10), Position(60, 10.001)) == pytest.approx(
        quarter_km / 90 / 1000 / 2, rel=1e-6
    )


def test_distance_between_two_stations() -> None:
    # 403 km on the sphere; the ellipsoid of GRS 80 gives 403.6 (Geospatial Information Authority's calculator).
    assert distance_km(TOKYO, OSAKA) == pytest.approx(403, abs=1.5)
    assert distance_km(TOKYO, OSAKA) == distance_km(OSAKA, TOKYO)


def km_north(km: float) -> Position:
    return Position(TOKYO.lat_deg + km / (EARTH_RADIUS_KM * 3.141592653589793 / 180), TOKYO.lon_deg)


def test_the_nearest_is_chosen_whatever_the_order() -> None:
    units = [FreeUnit("far", km_north(30)), FreeUnit("near", km_north(-5)), FreeUnit("middle", km_north(10))]
    for order in (units, units[::-1], units[1:] + units[:1]):
        chosen = nearest(order, TOKYO)
        assert chosen is not None
        assert chosen.id == "near"


def test_of_equals_the_first_by_name() -> None:
    units = [FreeUnit(name, km_north(3)) for name in ("g2", "g1", "g3")]
    assert nearest(units, TOKYO) == FreeUnit("g1", km_north(3))


def test_nobody_is_sent_from_too_far_away() -> None:
    assert nearest([], TOKYO) is None
    assert nearest([FreeUnit("osaka", OSAKA)], TOKYO) is None
    just, beyond = km_north(FARTHEST_KM - 0.01), km_north(FARTHEST_KM + 0.01)
    assert nearest([FreeUnit("beyond", beyond)], TOKYO) is None
    assert nearest([FreeUnit("beyond", beyond), FreeUnit("just", just)], TOKYO) == FreeUnit("just", just)
