"""Impacts and what is none, in motion that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from support.shocks import (
    UP_IN_CAR,
    driving,
    half_sine,
    haversine,
    highway,
    measured_crash,
    motion_of,
    struck,
    turned,
)

from schemas.impact import Severity
from schemas.recording import G_MPS2
from scoring.analyse import analyse
from scoring.finding import Analysis
from scoring.frames import frames_of, stretches
from scoring.mount import Mount
from scoring.reasons import SENTENCES, Reason, sentence
from scoring.speed import SpeedTrack

Shape = Callable[..., NDArray[np.float64]]
MOUNT = turned((1, -1, 2), 50)
CLASSES = [
    (5, Severity.KNOCK),
    (10, Severity.LIGHT),
    (20, Severity.MODERATE),
    (30, Severity.SEVERE),
    (50, Severity.VERY_SEVERE),
]
AT = 1200


def only(found: tuple[Analysis, ...]) -> Analysis:
    impacts = [analysis for analysis in found if analysis.severity is not Severity.NONE]
    assert len(impacts) == 1, found
    return impacts[0]


def ruled_out(found: tuple[Analysis, ...], reason: Reason) -> None:
    assert found
    assert {analysis.severity for analysis in found} == {Severity.NONE}
    assert reason in {analysis.reasons[0] for analysis in found}


# A knock that takes longer than 0.1 s is not told from braking, and need not be.
@pytest.mark.parametrize(
    ("delta_v_kmh", "severity", "duration_s"),
    [
        (5, Severity.KNOCK, 0.1),
        *((*known, duration_s) for known in CLASSES[1:] for duration_s in (0.1, 0.15, 0.2)),
    ],
)
@pytest.mark.parametrize("shape", [haversine, half_sine])
def test_ideal_pulses(delta_v_kmh: float, severity: Severity, duration_s: float, shape: Shape) -> None:
    for index, rate_hz in enumerate((50.0, 100.0, 400.0)):
        pulse = shape(delta_v_kmh, duration_s, rate_hz, phase=0.3 * index)
        car = struck(driving(20.0, rate_hz, seed=index), pulse, int(12 * rate_hz), from_deg=35 + 100 * index)
        found = only(analyse(motion_of(car, rate_hz, mount=MOUNT), 112.05))
        assert found.severity is severity
        tolerance = 0.2 if found.delta_v_is_lower_bound else 0.08 if delta_v_kmh < 20 else 0.05
        assert found.delta_v_kmh == pytest.approx(delta_v_kmh, rel=tolerance)
        assert found.uptime_s == pytest.approx(112.03, abs=0.06)
        assert found.complete
        assert found.final
        assert not found.rollover
        assert not found.multiple


@pytest.mark.parametrize(("delta_v_kmh", "severity"), CLASSES[1:])
def test_the_measured_crash_on_a_real_motorway(delta_v_kmh: float, severity: Severity) -> None:
    rng = np.random.default_rng(round(delta_v_kmh))
    road = highway()
    for _ in range(8):
        pulse = measured_crash(delta_v_kmh, phase=rng.random())
        at, axis = int(rng.integers(1200, 4500)), rng.normal(size=3)
        car = struck(road, pulse, at, from_deg=rng.uniform(0, 360))
        mount = turned((axis[0], axis[1], axis[2]), rng.uniform(0, 180))
        found = only(analyse(motion_of(car, mount=mount)))
        assert found.severity is severity
        assert found.delta_v_kmh == pytest.approx(
            delta_v_kmh, rel=0.12 if found.delta_v_is_lower_bound else 0.05
        )
        assert found.uptime_s == pytest.approx(100 + at / 100 + 0.05, abs=0.06)


@pytest.mark.parametrize("from_deg", range(0, 360, 45))
def test_the_direction_of_the_force_needs_a_mount(from_deg: float) -> None:
    car = struck(driving(20.0), haversine(20, 0.1), AT, from_deg=from_deg)
    motion = motion_of(car, mount=MOUNT)
    unknown = only(analyse(motion))
    assert unknown.pdof_deg is None
    assert Reason.NO_MOUNT in unknown.reasons
    found = only(analyse(motion, mount=Mount(MOUNT.T, 0.9, 300.0)))
    assert found.pdof_deg is not None
    assert (found.pdof_deg - from_deg + 180) % 360 - 180 == pytest.approx(0, abs=5)
    elsewhere = only(analyse(motion, mount=Mount((turned((1, 0, 0), 30) @ MOUNT).T, 0.9, 300.0)))
    assert elsewhere.pdof_deg is None
    assert Reason.MOUNT_CHANGED in elsewhere.reasons


def test_the_velocity_change_is_told_in_device_axes() -> None:
    found = only(analyse(motion_of(struck(driving(20.0), haversine(20, 0.1), AT, from_deg=90), mount=MOUNT)))
    np.testing.assert_allclose(MOUNT.T @ found.delta_v_xyz_kmh, [0, -20, 0], atol=1.0)
    assert found.peak_g == pytest.approx(2 * 20 / 3.6 / 0.1 / G_MPS2, rel=0.1)
    assert found.duration_ms == pytest.approx(80, abs=21)


@pytest.mark.parametrize("braking_g", [0.7, 0.9])
def test_braking_before_a_crash_is_taken_off(braking_g: float) -> None:
    car = driving(20.0)
    car[0, AT - 150 :] -= braking_g * G_MPS2
    found = only(analyse(motion_of(struck(car, haversine(20, 0.1), AT), mount=MOUNT), 112.0))
    assert found.delta_v_kmh == pytest.approx(20, rel=0.08)


@pytest.mark.parametrize("ramp_s", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("force_g", [0.8, 1.0])
def test_hard_braking_and_swerving_are_no_impact(ramp_s: float, force_g: float) -> None:
    pull = force_g * G_MPS2 * np.clip(np.arange(300) / (100 * ramp_s), 0, 1)
    swerve = force_g * G_MPS2 * np.sin(2 * np.pi * np.arange(200) / 200)
    for axis, course in ((0, pull), (1, swerve)):
        car = driving(20.0)
        car[axis, AT : AT + course.size] += course
        assert not [a for a in analyse(motion_of(car, mount=MOUNT)) if a.severity is not Severity.NONE]


def dropped(
    car: NDArray[np.float64], at: int, *, fall: int = 40, spike_g: float = 20.0
) -> NDArray[np.float64]:
    """A device that falls, lands with a spike along all its axes, and comes to rest turned."""
    moved = car.copy()
    moved[:, at : at + fall] = 0.05 * moved[:, at : at + fall]
    spike = spike_g * G_MPS2 * np.sin(np.pi * np.arange(8) / 8)
    moved[:, at + fall : at + fall + 8] = np.outer([0.6, 0.5, -0.62], spike)
    moved[:, at + fall + 8 :] = turned((1, 0, 0), 80) @ moved[:, at + fall + 8 :]
    return moved


@pytest.mark.parametrize("fall", [16, 25, 40, 80])
def test_a_dropped_device_is_no_impact(fall: int) -> None:
    found = analyse(motion_of(dropped(driving(20.0), AT, fall=fall), mount=MOUNT))
    ruled_out(found, Reason.DROPPED)
    on_road = analyse(motion_of(dropped(highway(), AT, fall=fall), mount=MOUNT))
    ruled_out(on_road, Reason.DROPPED)


def test_without_the_fall_the_same_spike_is_an_impact() -> None:
    car = driving(20.0)
    spike = 20 * G_MPS2 * np.sin(np.pi * np.arange(8) / 8)
    car[:, AT : AT + 8] += np.outer([0.6, 0.5, -0.62], spike)
    assert only(analyse(motion_of(car))).severity.rank >= Severity.SEVERE.rank


def test_picking_a_dropped_device_up_is_no_impact() -> None:
    car = dropped(driving(30.0), AT)
    car[0, 1600:1640] += 2.2 * G_MPS2 * np.sin(np.pi * np.arange(40) / 40)
    ruled_out(analyse(motion_of(car)), Reason.LOOSE)


def test_a_crash_that_throws_the_device_off_its_mount_counts() -> None:
    car = dropped(struck(driving(20.0), haversine(35, 0.1), AT), AT + 15)
    found = only(analyse(motion_of(car)))
    assert found.severity is Severity.SEVERE
    assert not found.rollover


@pytest.mark.parametrize("strength_g", [2.0, 5.0, 8.0])
def test_a_pothole_is_no_impact(strength_g: float) -> None:
    t = np.arange(40) / 100
    bump = strength_g * G_MPS2 * np.sin(2 * np.pi * 12 * t) * np.exp(-6 * t)
    lean = np.array([np.sin(np.radians(8)), 0, -np.cos(np.radians(8))])
    for car in (driving(20.0), highway()):
        car[:, AT : AT + 40] += np.outer(lean, bump)
        assert not [a for a in analyse(motion_of(car, mount=MOUNT)) if a.severity is not Severity.NONE]


@pytest.mark.parametrize(("sideways_kmh", "is_road"), [(6, True), (11, False)])
def test_a_shock_mostly_up_and_down_is_the_road_unless_hard(sideways_kmh: float, is_road: bool) -> None:
    both = np.outer([0, 0, -1], haversine(24, 0.12)) + np.outer([-1, 0, 0], haversine(sideways_kmh, 0.12))
    found = analyse(motion_of(struck(driving(20.0), both, AT)))
    if is_road:
        ruled_out(found, Reason.ROAD)
    else:
        assert only(found).severity is Severity.LIGHT


def test_one_wild_sample_is_no_impact() -> None:
    car = driving(20.0)
    car[0, AT] += 15 * G_MPS2
    ruled_out(analyse(motion_of(car), 112.0), Reason.SPIKE)


def test_turning_the_device_by_hand_is_no_impact() -> None:
    car = driving(20.0, noise_mps2=0.2)
    for step in range(2000 - AT):
        lean = 100 * min(step / 60, 1.0)
        car[:, AT + step] = turned((0, 1, 0), lean) @ car[:, AT + step]
    assert not [a for a in analyse(motion_of(car)) if a.severity is not Severity.NONE]


@pytest.mark.parametrize("turned_by_deg", [0, 70])
def test_a_soft_shock_that_leaves_the_device_turned_was_a_hand(turned_by_deg: float) -> None:
    car = struck(driving(20.0, noise_mps2=0.2), half_sine(10, 0.2), AT)
    car[:, AT + 20 :] = turned((0, 1, 0), turned_by_deg) @ car[:, AT + 20 :]
    found = analyse(motion_of(car))
    if turned_by_deg:
        ruled_out(found, Reason.CARRIED)
    else:
        assert only(found).severity is Severity.LIGHT


def rolled(car: NDArray[np.float64], angle_deg: float) -> NDArray[np.float64]:
    turning = car.copy()
    for step in range(car.shape[1] - AT):
        turning[:, AT + step] = turned((1, 0, 0), angle_deg * min(step / 150, 1.0)) @ UP_IN_CAR
    return struck(turning, haversine(12, 0.12), AT, from_deg=90) + driving(20.0) - UP_IN_CAR[:, None]


@pytest.mark.parametrize("angle_deg", [90, 180, -120])
def test_a_car_that_comes_to_rest_on_its_side_rolled_over(angle_deg: float) -> None:
    car = rolled(driving(20.0), angle_deg)
    found = only(analyse(motion_of(car, mount=MOUNT)))
    assert found.rollover
    assert found.severity is Severity.SEVERE
    assert Reason.ROLLOVER in found.reasons


def test_a_rollover_is_known_only_once_the_car_rests() -> None:
    motion = motion_of(rolled(driving(20.0), 90))
    early = only(analyse(motion.window(100.0, 112.5), 112.0))
    assert (early.rollover, early.severity, early.complete, early.final) == (
        False,
        Severity.LIGHT,
        True,
        False,
    )
    late = only(analyse(motion, 112.0))
    assert late.rollover
    assert late.uptime_s == pytest.approx(early.uptime_s, abs=0.011)


def test_a_shock_that_has_not_ended_is_said_to_be_incomplete() -> None:
    motion = motion_of(struck(driving(20.0), haversine(30, 0.1), AT))
    cut = only(analyse(motion.window(100.0, 112.06), 112.0))
    assert not cut.complete
    assert Reason.NOT_ENDED in cut.reasons
    assert cut.delta_v_kmh < 25


@pytest.mark.parametrize(
    ("apart_s", "impacts", "multiple"),
    [(0.5, 1, True), (0.9, 1, True), (2.0, 2, True), (4.0, 2, True), (6.0, 2, False)],
)
def test_several_shocks(apart_s: float, impacts: int, multiple: bool) -> None:
    car = struck(driving(24.0), haversine(30, 0.1), AT)
    car = struck(car, haversine(16, 0.1), AT + round(100 * apart_s), from_deg=120)
    found = [a for a in analyse(motion_of(car, mount=MOUNT)) if a.severity is not Severity.NONE]
    assert len(found) == impacts
    assert {a.multiple for a in found} == {multiple}
    assert found[0].delta_v_kmh == pytest.approx(30, rel=0.06)
    near_first = analyse(motion_of(car, mount=MOUNT), 112.0)
    assert [a.uptime_s for a in near_first] == pytest.approx([found[0].uptime_s], abs=1e-6)
    assert near_first[0].multiple is multiple


@pytest.mark.parametrize("apart_s", [0.25, 0.4, 0.7])
def test_a_second_shock_is_measured_free_of_the_first(apart_s: float) -> None:
    car = struck(struck(driving(24.0), haversine(20, 0.1), AT), haversine(30, 0.1), AT + round(100 * apart_s))
    found = only(analyse(motion_of(car, mount=MOUNT)))
    assert found.multiple
    assert found.delta_v_kmh == pytest.approx(30, rel=0.05)
    assert found.total_delta_v_kmh == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize("lean_deg", [45, 70, 90])
def test_a_device_turned_by_the_crash_does_not_spoil_the_figure(lean_deg: float) -> None:
    car = driving(24.0)
    for step in range(2400 - AT):
        car[:, AT + step] = turned((0, 1, 0), lean_deg * min(step / 12, 1.0)) @ car[:, AT + step]
    found = only(analyse(motion_of(struck(car, haversine(12, 0.12), AT, from_deg=90))))
    assert found.delta_v_kmh == pytest.approx(12, rel=0.06)


@pytest.mark.parametrize("full_scale_g", [8.0, 16.0])
def test_clipping_gives_a_lower_bound_that_is_near(full_scale_g: float) -> None:
    car = struck(driving(20.0), half_sine(25 * full_scale_g / 8, 0.1), AT, from_deg=20)
    found = only(analyse(motion_of(car, mount=MOUNT, full_scale_g=full_scale_g)))
    assert found.delta_v_is_lower_bound
    assert Reason.CLIPPED in found.reasons
    assert found.delta_v_kmh == pytest.approx(25 * full_scale_g / 8, rel=0.1)
    unclipped = only(analyse(motion_of(car, mount=MOUNT, full_scale_g=200.0)))
    assert not unclipped.delta_v_is_lower_bound


def test_a_gap_near_the_shock_is_flagged() -> None:
    frames = frames_of(motion_of(struck(driving(20.0), haversine(30, 0.1), AT)), 10)
    for lost, flagged in ((121, True), (60, False)):
        (motion,) = stretches([*frames[:lost], *frames[lost + 1 :]])
        found = only(analyse(motion, 112.0))
        assert found.gap is flagged
        assert (Reason.GAP in found.reasons) is flagged


def test_speed_before_and_after_is_told_and_decides_nothing() -> None:
    motion = motion_of(struck(driving(30.0), haversine(30, 0.1), AT))
    at_s = np.arange(100.0, 130.0)
    said: list[Reason] = []
    for before, after, reason in (
        (15.0, 0.0, Reason.STOPPED_AFTER),
        (15.0, 15.0, Reason.SPEED_UNCHANGED),
        (0.0, 0.0, Reason.PARKED),
    ):
        course = np.where(at_s < 112, before, after)
        speed = SpeedTrack(
            at_s, course + np.where(course > 0, 0.02 * (-1) ** np.arange(30), 0), np.full(30, np.nan)
        )
        found = only(analyse(motion, 112.0, speed=speed))
        assert found.speed_before_kmh == pytest.approx(3.6 * before, abs=0.1)
        assert found.severity is Severity.SEVERE
        said += [Reason(code) for code in found.reasons if code == reason]
    assert said == [Reason.STOPPED_AFTER, Reason.SPEED_UNCHANGED, Reason.PARKED]


def test_remembered_gravity_stands_in_for_a_missing_past() -> None:
    car = driving(3.0, noise_mps2=0.1)
    car[0, :100] -= 0.9 * G_MPS2
    motion = motion_of(struck(car, haversine(20, 0.1), 60), mount=MOUNT)
    without = only(analyse(motion, 100.6))
    found = only(analyse(motion, 100.6, gravity_mps2=(MOUNT @ UP_IN_CAR).tolist()))
    assert abs(found.delta_v_kmh - 20) < 1.5 < abs(without.delta_v_kmh - 20)


def test_a_calm_moment_holds_nothing() -> None:
    motion = motion_of(driving(20.0))
    assert analyse(motion) == ()
    assert analyse(motion, 110.0) == ()
    assert analyse(motion, 500.0) == ()
    assert analyse(motion.window(0, 1)) == ()


def test_what_qualifies_the_figures_is_said() -> None:
    motion = motion_of(struck(driving(20.0, 50.0), haversine(30, 0.1, 50.0), 600), 50.0)
    assert {Reason.LOW_RATE, Reason.LOWPASS_HIGH}.intersection(only(analyse(motion)).reasons) == {
        Reason.LOW_RATE
    }
    assert Reason.LOWPASS_UNKNOWN in only(analyse(replace(motion, lowpass_hz=0.0))).reasons
    assert Reason.LOWPASS_HIGH in only(analyse(replace(motion, lowpass_hz=90.0))).reasons


def test_an_analysis_becomes_an_impact() -> None:
    found = only(analyse(motion_of(struck(driving(20.0), haversine(30, 0.1), AT))))
    at = datetime(2026, 11, 24, tzinfo=UTC)
    impact = found.to_impact(at, late=True)
    assert (impact.at, impact.severity, impact.delta_v_kmh, impact.late) == (
        at,
        found.severity,
        found.delta_v_kmh,
        True,
    )


def test_every_reason_has_its_sentences() -> None:
    assert set(SENTENCES) == set(Reason)
    for reason in Reason:
        assert sentence(reason, "ja").endswith("。")
        assert sentence(reason, "en").endswith(".")
    assert sentence("of_another_version", "en") == "of_another_version"
