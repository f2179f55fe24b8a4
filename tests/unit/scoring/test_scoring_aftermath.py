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
from scoring.completion import extent_of, hidden_most, needed
from scoring.finding import Analysis
from scoring.mount import Mount
from scoring.reasons import Reason
from scoring.speed import SpeedTrack

AT_S = 112.0
AHEAD = Mount(np.eye(3), 0.9, 300.0)


def track(*speeds_kmh: float, first_s: float = 108.0) -> SpeedTrack:
    """One fix a second from `first_s` on; NaN is a fix without speed."""
    at_s = first_s + np.arange(len(speeds_kmh), dtype=np.float64)
    noise_kmh = np.where(np.array(speeds_kmh) > 0, 0.05 * (-1.0) ** np.arange(at_s.size), 0.0)
    return SpeedTrack(at_s, (np.array(speeds_kmh) + noise_kmh) / 3.6, np.full(at_s.size, 90.0))


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
    assert (found.before_kmh, found.after_kmh, found.lost_kmh) == pytest.approx(known, abs=0.2)


@pytest.mark.parametrize(
    ("speeds", "moving_again", "reaches"),
    [
        # fixes at 108, 109, ...; the shock is at 112.0 to 112.1
        ((50, 50, 50, 50, 50, 0, 0, 0, 0, 0, 0), False, True),
        ((50, 50, 50, 50, 50, 0, 0, 0, 0, 0), False, False),
        ((50, 50, 50, 50, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12), True, True),
        ((50, 50, 50, 50, 50, 12, 7, 4, 6, 0, 0, 0), False, True),  # it rolled out
        ((50, 50, 50, 50, 50, 50, 40, 40, 40, 40, 40, 40, 40, 40, 40), None, True),  # it may stop yet
        ((50, 50, 50, 50, 50, 50, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40), True, True),  # it drove on
        ((50, 50, 50, 50, 50, 40, 40, 30, 30, 30, 20, 20, 20, 20, 20, 12, 0), True, True),
        ((50, 50, 50, 50, 50, 45, 40, 35, 30, 25, 20, 15, 12, 9, 7, 0), None, True),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), False, True),  # parked
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15), True, True),
        ((50, 50, 50, 50), None, False),
        ((math.nan,) * 16, None, True),
    ],
)
def test_whether_the_car_drove_on(
    speeds: tuple[float, ...], moving_again: bool | None, reaches: bool
) -> None:
    found = aftermath(track(*speeds), AT_S, AT_S + 0.1)
    assert (found.moving_again, found.reaches) == (moving_again, reaches)


def test_a_receiver_that_froze_has_not_driven_on() -> None:
    frozen = SpeedTrack(np.arange(100.0, 130.0), np.full(30, 16.0), np.zeros(30))
    assert aftermath(frozen, AT_S, AT_S + 0.1).moving_again is None


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


def test_a_receiver_that_froze_contradicts_nothing() -> None:
    motion = motion_of(struck(driving(22.0), haversine(30, 0.1), 1200), full_scale_g=100.0)
    frozen = SpeedTrack(np.arange(108.0, 121.0), np.full(13, 16.7), np.full(13, 90.0))
    found = only(analyse(motion, AT_S, speed=frozen, mount=AHEAD))
    assert found.severity is Severity.SEVERE
    assert Reason.SPEED_UNCHANGED not in found.reasons


def test_a_push_from_the_side_leaves_the_speed_and_counts() -> None:
    motion = motion_of(struck(driving(22.0), haversine(14, 0.1), 1200, from_deg=90))
    found = only(analyse(motion, AT_S, speed=track(*[60.0] * 13), mount=AHEAD))
    assert found.severity is Severity.LIGHT
    assert Reason.SPEED_UNCHANGED in found.reasons


def test_a_speed_that_is_the_same_again_seconds_later_was_not_unchanged() -> None:
    # Struck from behind, the car was 40 km/h faster, and braked.
    speeds = [60.0] * 5 + [105.0, 92.0, 84.0, 76.0, 68.0, 60.0, 52.0, 44.0]
    motion = motion_of(struck(driving(22.0), haversine(45, 0.12), 1200, from_deg=180), full_scale_g=100.0)
    found = only(analyse(motion, AT_S, speed=track(*speeds), mount=AHEAD))
    assert found.severity is Severity.VERY_SEVERE
    assert Reason.SPEED_UNCHANGED not in found.reasons


def test_a_car_hit_while_parked() -> None:
    found = only(
        analyse(motion_of(struck(driving(22.0), haversine(12, 0.1), 1200)), speed=track(*[0.0] * 13))
    )
    assert found.parked
    assert found.severity is Severity.LIGHT
    assert Reason.PARKED in found.reasons


# At 4 g more is hidden than may be made up: a bad device stays a bad device.
@pytest.mark.parametrize(("full_scale_g", "tolerance"), [(4.0, 0.15), (8.0, 0.06)])
def test_gps_completes_what_clipping_hid(full_scale_g: float, tolerance: float) -> None:
    car = struck(driving(22.0), haversine(60, 0.12), 1200)
    motion = motion_of(car, full_scale_g=full_scale_g)
    alone = only(analyse(motion, AT_S))
    completed = only(analyse(motion, AT_S, speed=track(*[70.0] * 5, *[10.0] * 8)))
    assert alone.delta_v_is_lower_bound
    assert completed.delta_v_is_lower_bound
    assert completed.delta_v_kmh == pytest.approx(60, rel=tolerance)
    assert abs(completed.delta_v_kmh - 60) <= abs(alone.delta_v_kmh - 60)
    assert completed.delta_v_from_kmh <= 60 <= completed.delta_v_to_kmh
    assert np.linalg.norm(completed.delta_v_xyz_kmh) == pytest.approx(completed.delta_v_kmh, rel=1e-6)


def test_gps_does_not_touch_what_was_measured_whole() -> None:
    motion = motion_of(struck(driving(22.0), haversine(20, 0.12), 1200))
    alone = only(analyse(motion, AT_S))
    with_gps = only(analyse(motion, AT_S, speed=track(*[70.0] * 5, *[10.0] * 8)))
    assert with_gps.delta_v_kmh == alone.delta_v_kmh
    assert Reason.COMPLETED not in with_gps.reasons


HEADING = np.array([1.0, 0.0])
NOTHING = np.zeros(2)


@pytest.mark.parametrize("from_deg", [0.0, 30.0, 60.0, 180.0])
@pytest.mark.parametrize("delta_v_mps", [3.0, 8.0])
def test_the_change_behind_a_change_of_speed(from_deg: float, delta_v_mps: float) -> None:
    way = -np.array([math.cos(math.radians(from_deg)), math.sin(math.radians(from_deg))])
    braked = np.array([-1.5, 0.2])
    after = float(np.linalg.norm(16.0 * HEADING + delta_v_mps * way + braked))
    found = needed(16.0, after, 0.5 * way, braked, HEADING)
    assert np.linalg.norm(16.0 * HEADING + found * way + braked) == pytest.approx(after)
    # Two changes may explain the speed: then it is the smaller. Without knowing the way it is a lower bound.
    assert found <= delta_v_mps + 1e-9
    assert found == pytest.approx(delta_v_mps) or from_deg == 60.0
    assert needed(16.0, after, 0.5 * way, braked, None) <= delta_v_mps + 1e-9


def test_where_direction_and_speeds_disagree_the_least_change_is_taken() -> None:
    assert needed(16.0, 5.0, np.array([0.0, 3.0]), NOTHING, HEADING) == pytest.approx(11.0)
    assert needed(16.0, 5.0, NOTHING, np.array([-4.0, 0.0]), None) == pytest.approx(7.0)


def test_what_clipping_can_hide_grows_with_samples_and_range() -> None:
    # Two samples of 8 g at 100 Hz, twice the range above it: 2 * 2 * 8 g / 100 Hz.
    assert hidden_most(np.array([2, 0, 0]), 8 * G_MPS2, 100.0) == pytest.approx(3.6 * 3.138, rel=1e-3)
    assert hidden_most(np.array([0, 0, 0]), 8 * G_MPS2, 100.0) == 0.0


def test_how_unsure_a_figure_is() -> None:
    plain = extent_of(30.0, hidden_kmh=0.0, needed_kmh=80.0, poor_sampling=False, gap=False)
    assert (plain.delta_v_kmh, plain.from_kmh, plain.to_kmh) == pytest.approx((30.0, 28.5, 31.5))
    poor = extent_of(30.0, hidden_kmh=0.0, needed_kmh=None, poor_sampling=True, gap=False)
    gap = extent_of(30.0, hidden_kmh=0.0, needed_kmh=None, poor_sampling=True, gap=True)
    clipped = extent_of(30.0, hidden_kmh=12.0, needed_kmh=20.0, poor_sampling=False, gap=False)
    widths = [each.to_kmh - each.from_kmh for each in (plain, poor, gap)]
    assert widths == sorted(widths)
    assert (clipped.delta_v_kmh, clipped.to_kmh) == (30.0, 42.0)
    assert not clipped.completed


def test_gps_completes_no_more_than_was_hidden() -> None:
    found = extent_of(30.0, hidden_kmh=12.0, needed_kmh=80.0, poor_sampling=False, gap=False)
    assert found.completed
    assert found.delta_v_kmh == 42.0
    assert found.from_kmh < 30.0
    assert found.to_kmh > 42.0


@pytest.mark.parametrize(("delta_v_kmh", "severity"), [(7.4, Severity.KNOCK), (7.8, Severity.LIGHT)])
def test_in_doubt_a_shock_counts_as_light(delta_v_kmh: float, severity: Severity) -> None:
    car = struck(driving(22.0, noise_mps2=0.02), haversine(delta_v_kmh, 0.1), 1200)
    found = only(analyse(motion_of(car), AT_S))
    assert found.delta_v_kmh == pytest.approx(delta_v_kmh, rel=0.015)
    assert found.severity is severity
    assert (Reason.BORDERLINE in found.reasons) == (severity is Severity.LIGHT)


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
