"""Crash pulses carry the velocity change and direction they name; formulas against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device_sim.physics.pulses import (
    Pulse,
    Shape,
    fine_times,
    sampled_pothole,
    sampled_pulse,
    shape_at,
)
from schemas.recording import G_MPS2


def test_half_sine_peak_follows_from_its_integral() -> None:
    pulse = Pulse(40.0, 0.0, Shape.HALF_SINE, 80.0, ringing=0.0)
    at_s = np.linspace(0.0, 0.08, 4001)
    peak = math.pi * (40.0 / 3.6) / (2 * 0.08)  # delta-V = 2 A T / pi
    assert -pulse.acceleration(at_s)[:, 0].min() == pytest.approx(peak, rel=1e-4)


def test_haversine_peak_follows_from_its_integral() -> None:
    pulse = Pulse(25.0, 180.0, Shape.HAVERSINE, 120.0, ringing=0.0)
    at_s = np.linspace(0.0, 0.12, 4001)
    assert pulse.acceleration(at_s)[:, 0].max() == pytest.approx(2 * (25.0 / 3.6) / 0.12, rel=1e-4)


def test_the_barrier_shape_has_two_humps_with_a_dip() -> None:
    x = np.linspace(0.0, 1.0, 2001)
    value = shape_at(Shape.BARRIER, x)
    rises = np.flatnonzero((value[1:-1] > value[:-2]) & (value[1:-1] > value[2:])) + 1
    assert x[rises] == pytest.approx([0.19, 0.68], abs=0.02)
    first, second = value[rises]
    dip = value[rises[0] : rises[1]].min()
    assert 0.4 < first / second < 0.5
    assert dip < 0.85 * first
    assert value[[0, -1]] == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("ringing", [0.0, 0.3])
@pytest.mark.parametrize(
    ("pdof_deg", "forward", "right"), [(0, -1, 0), (90, 0, -1), (180, 1, 0), (270, 0, 1)]
)
def test_delta_v_points_away_from_the_force(
    shape: Shape, ringing: float, pdof_deg: float, forward: float, right: float
) -> None:
    pulse = Pulse(36.0, pdof_deg, shape, 100.0, ringing=ringing, seed=5)
    at_s = np.arange(-100, 2000) / 16000.0
    gained = pulse.acceleration(at_s).sum(axis=0) / 16000.0
    assert gained == pytest.approx([10.0 * forward, 10.0 * right, 0.0], abs=0.01)
    assert pulse.delta_v_mps == pytest.approx([10.0 * forward, 10.0 * right], abs=1e-9)


@pytest.mark.parametrize("shape", Shape)
def test_share_grows_from_none_to_all(shape: Shape) -> None:
    pulse = Pulse(20.0, 0.0, shape, 90.0)
    share = pulse.share_at(np.linspace(-0.01, 0.1, 300))
    assert share[0] == 0.0
    assert share[-1] == 1.0
    assert np.all(np.diff(share) >= 0)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 104.3, 1000.0])
@pytest.mark.parametrize("first_share", [0.0, 0.37, 0.99])
def test_samples_keep_delta_v_whatever_the_rate_and_phase(rate_hz: float, first_share: float) -> None:
    lowpass_hz = 42.0 if rate_hz > 90 else 20.0
    samples = sampled_pulse(Pulse(30.0, 30.0), first_share / rate_hz, rate_hz, lowpass_hz)
    gained_kmh = samples.sum(axis=0) / rate_hz * 3.6
    assert np.hypot(*gained_kmh[:2]) == pytest.approx(30.0, rel=0.02)
    assert math.degrees(math.atan2(-gained_kmh[1], -gained_kmh[0])) == pytest.approx(30.0, abs=1.5)


def test_the_lowpass_takes_the_sharpness() -> None:
    pulse = Pulse(30.0, 0.0, Shape.HAVERSINE, 20.0, ringing=0.0)
    sharp = sampled_pulse(pulse, 0.0, 1000.0, 0.0)
    soft = sampled_pulse(pulse, 0.0, 1000.0, 42.0)
    assert np.abs(soft).max() < 0.85 * np.abs(sharp).max()


def test_fine_times_have_the_samples_among_them() -> None:
    times_s, every = fine_times(0.1, 0.004, 100.0)
    assert times_s[every] == pytest.approx(0.004)
    assert times_s[2 * every] == pytest.approx(0.014)
    assert times_s[0] < 0.0


@pytest.mark.parametrize(
    "bad",
    [
        {"delta_v_kmh": 0.5},
        {"delta_v_kmh": 151.0},
        {"delta_v_kmh": math.nan},
        {"delta_v_kmh": 20.0, "duration_ms": 10.0},
        {"delta_v_kmh": 20.0, "duration_ms": 500.0},
        {"delta_v_kmh": 20.0, "pdof_deg": math.inf},
    ],
)
def test_what_is_no_crash_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"outside|no angle"):
        Pulse(**bad)


def test_a_pothole_is_vertical_and_leaves_the_speed() -> None:
    burst = sampled_pothole(13.9, 1.5, 0.0, 100.0, 42.0)
    assert 0.8 < np.abs(burst[:, 2]).max() / G_MPS2 <= 1.5
    gained_kmh = np.abs(np.cumsum(burst, axis=0)).max(axis=0) / 100.0 * 3.6
    assert gained_kmh[0] < 1.5
    assert gained_kmh[1] == 0.0
    axles = np.abs(sampled_pothole(2.0, 1.0, 0.0, 1000.0, 0.0)[:, 2])
    assert axles[:300].max() > 0.7 * axles.max(), "the front axle"
    assert axles[1300:1600].max() > 0.5 * axles.max(), "the rear axle 2.6 m later at 2 m/s"
    with pytest.raises(ValueError, match="outside"):
        sampled_pothole(10.0, 5.0, 0.0, 100.0, 42.0)
