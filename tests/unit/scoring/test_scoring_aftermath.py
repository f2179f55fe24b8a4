"""What GPS adds to a shock, and that it says nothing before it can know."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.shocks import UP_IN_CAR, driving, haversine, motion_of, struck, turned

from schemas.impact import Severity
from schemas.recording import G_MPS2
from scoring.aftermath import Aftermath, aftermath
from scoring.analyse import analyse
from scoring.completion import extent_of, lost_along
from scoring.finding import Analysis
from scoring.mount import Mount
from scoring.reasons import Reason
from scoring.speed import SpeedTrack

AT_S = 112.0
AHEAD = Mount(np.eye(3), 0.9, 300.0)


def track(*speeds_kmh: float, first_s: float = 108.0) -> SpeedTrack:
    """One fix a second from `first_s` on; NaN is a fix without speed."""
    at_s = first_s + np.arange(len(speeds_kmh), dtype=np.float64)
    return SpeedTrack(at_s, np.array(speeds_kmh) / 3.6, np.full(at_s.size, 90.0))


def only(found: tuple[Analysis, ...]) -> Analysis:
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("speeds", "known"),
    [
        # fixes at 108, 109, ... 121; the shock is at 112.0
        ((60, 60, 60, 60, 60, 0, 0, 0, 0, 0, 0, 0), (60, 0, 60)),
        ((60, 60, 60, 60, 60, 60, 60, 20, 0, 0, 0, 0), (60, 0, 40)),  # two seconds of lag
        ((60, 60, 60, 60, 58, 57, 57, 58, 60, 60, 60, 60), (60, 60, 2)),
        ((60, 60, 60, 60, 60), (60, None, 0)),  # nothing heard since
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0)),
        ((math.nan,) * 12, (None, None, None)),
    ],
)
def test_speeds_around_a_shock(
    speeds: tuple[float, ...], known: tuple[float | None, float | None, float | None]
) -> None:
    found = aftermath(track(*speeds), AT_S, AT_S + 0.1)
    assert (found.before_kmh, found.after_kmh, found.lost_kmh) == pytest.approx(known)


def test_no_track_tells_nothing() -> None:
    assert aftermath(None, AT_S, AT_S) == Aftermath()


def test_fixes_far_apart_are_no_sudden_loss() -> None:
    at_s = np.array([108.0, 111.0, 114.0])
    gps = SpeedTrack(at_s, np.array([20.0, 20.0, 0.0]), np.zeros(3))
    assert aftermath(gps, AT_S, AT_S).lost_kmh is None


def fallen_then_struck() -> np.ndarray:
    """Half a second of free fall, then 45 km/h: a car that leaves the road, or a device that is dropped."""
    car = driving(22.0)
    car[:, 1150:1200] *= 0.05
    return struck(car, haversine(45, 0.12), 1200)


@pytest.mark.parametrize(
    ("speeds", "is_impact"),
    [
        ((55, 55, 55, 55, 55, 0, 0, 0, 0, 0, 0, 0), True),
        ((55, 55, 55, 55, 55, 55, 55, 54, 54, 55, 55, 55), False),
        ((55, 55, 55, 55, 50, 40, 30, 20, 10, 0, 0, 0), False),  # braking to a halt
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), False),
        ((55, 55, 55, 55), False),  # GPS has not shown it yet
    ],
)
def test_a_fall_that_costs_the_speed_is_the_cars(speeds: tuple[float, ...], is_impact: bool) -> None:
    found = analyse(motion_of(fallen_then_struck()), AT_S, speed=track(*speeds))
    assert (only(found).severity.rank >= Severity.SEVERE.rank) == is_impact
    if not is_impact:
        assert Reason.DROPPED in only(found).reasons
    assert only(found).free_fall_s == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("after_kmh", [60.0, 48.0, None])
def test_a_push_along_the_way_that_changes_no_speed_was_not_the_cars(after_kmh: float | None) -> None:
    speeds = [60.0] * 5 + ([] if after_kmh is None else [after_kmh] * 8)
    motion = motion_of(struck(driving(22.0), haversine(12, 0.1), 1200))
    found = only(analyse(motion, AT_S, speed=track(*speeds), mount=AHEAD))
    if after_kmh == 60.0:
        assert (found.severity, found.reasons[0]) == (Severity.NONE, Reason.CONTRADICTED)
    else:
        assert found.severity is Severity.LIGHT


def test_a_push_from_the_side_leaves_the_speed_and_counts() -> None:
    motion = motion_of(struck(driving(22.0), haversine(14, 0.1), 1200, from_deg=90))
    found = only(analyse(motion, AT_S, speed=track(*[60.0] * 13), mount=AHEAD))
    assert found.severity is Severity.LIGHT
    assert Reason.SPEED_UNCHANGED in found.reasons


def test_a_car_hit_while_parked() -> None:
    found = only(
        analyse(motion_of(struck(driving(22.0), haversine(12, 0.1), 1200)), speed=track(*[0.0] * 13))
    )
    assert found.parked
    assert found.severity is Severity.LIGHT
    assert Reason.PARKED in found.reasons


@pytest.mark.parametrize("full_scale_g", [4.0, 8.0])
def test_gps_completes_what_clipping_hid(full_scale_g: float) -> None:
    car = struck(driving(22.0), haversine(60, 0.12), 1200)
    motion = motion_of(car, full_scale_g=full_scale_g)
    alone = only(analyse(motion, AT_S))
    completed = only(analyse(motion, AT_S, speed=track(*[70.0] * 5, *[10.0] * 8)))
    assert alone.delta_v_is_lower_bound
    assert completed.delta_v_is_lower_bound
    assert completed.delta_v_kmh == pytest.approx(60, rel=0.06)
    assert abs(completed.delta_v_kmh - 60) <= abs(alone.delta_v_kmh - 60)
    assert completed.delta_v_from_kmh <= 60 <= completed.delta_v_to_kmh
    assert np.linalg.norm(completed.delta_v_xyz_kmh) == pytest.approx(completed.delta_v_kmh, rel=1e-6)


def test_gps_does_not_touch_what_was_measured_whole() -> None:
    motion = motion_of(struck(driving(22.0), haversine(20, 0.12), 1200))
    alone = only(analyse(motion, AT_S))
    with_gps = only(analyse(motion, AT_S, speed=track(*[70.0] * 5, *[10.0] * 8)))
    assert with_gps.delta_v_kmh == alone.delta_v_kmh
    assert Reason.COMPLETED not in with_gps.reasons


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 60.0])
@pytest.mark.parametrize("delta_v_kmh", [10.0, 25.0])
def test_the_change_behind_a_change_of_speed(angle_deg: float, delta_v_kmh: float) -> None:
    along = math.cos(math.radians(angle_deg))
    after_kmh = math.hypot(60 - delta_v_kmh * along, delta_v_kmh * math.sin(math.radians(angle_deg)))
    assert lost_along(60.0, after_kmh, along) == pytest.approx(delta_v_kmh, rel=1e-6)


def test_where_direction_and_speed_disagree_the_change_of_speed_is_the_least() -> None:
    assert lost_along(60.0, 20.0, 0.2) == pytest.approx(40.0)
    assert lost_along(60.0, 70.0, -1.0) == pytest.approx(-10.0)


def test_how_unsure_a_figure_is() -> None:
    plain = extent_of(30.0, is_clipped=False, lost_kmh=80.0, poor_sampling=False, gap=False)
    assert (plain.delta_v_kmh, plain.from_kmh, plain.to_kmh) == pytest.approx((30.0, 28.5, 31.5))
    poor = extent_of(30.0, is_clipped=False, lost_kmh=None, poor_sampling=True, gap=False)
    gap = extent_of(30.0, is_clipped=False, lost_kmh=None, poor_sampling=True, gap=True)
    clipped = extent_of(30.0, is_clipped=True, lost_kmh=20.0, poor_sampling=False, gap=False)
    widths = [each.to_kmh - each.from_kmh for each in (plain, poor, gap)]
    assert widths == sorted(widths)
    assert clipped.delta_v_kmh == 30.0
    assert clipped.to_kmh - 30.0 > 30.0 - clipped.from_kmh


def test_possible_classes_are_said() -> None:
    found = only(analyse(motion_of(struck(driving(22.0), haversine(15.2, 0.1), 1200)), AT_S))
    assert found.possible_severities == (Severity.LIGHT, Severity.MODERATE)
    assert found.clock is None


def test_a_device_turned_over_while_parked_is_no_rollover() -> None:
    car = driving(22.0, noise_mps2=0.1)
    for step in range(1000):
        car[:, 1200 + step] = turned((0, 1, 0), 100 * min(step / 80, 1.0)) @ UP_IN_CAR
    found = analyse(motion_of(car + 0.02 * G_MPS2), speed=track(*[0.0] * 13))
    assert not any(each.severity.rank > 0 for each in found)
