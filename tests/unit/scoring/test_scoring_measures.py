"""The measures of one shock, on shocks whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest
from support.shocks import driving, half_sine, motion_of, struck, turned

from schemas.recording import G_MPS2
from scoring.analyse import analyse
from scoring.finding import Analysis
from scoring.mount import Mount

MOUNT = turned((1, -1, 2), 50)


def measured(
    delta_v_kmh: float = 30.0, duration_s: float = 0.1, rate_hz: float = 100.0, **car: float
) -> Analysis:
    pulse = half_sine(delta_v_kmh, duration_s, rate_hz)
    motion = struck(
        driving(22.0, rate_hz, noise_mps2=0.1), pulse, round(12 * rate_hz), from_deg=car.get("from_deg", 0.0)
    )
    motion[2, round(12 * rate_hz) : round(12 * rate_hz) + pulse.size] += car.get("bounce", 0.0) * pulse
    (found,) = analyse(
        motion_of(motion, rate_hz, mount=MOUNT, full_scale_g=100.0), mount=Mount(MOUNT.T, 0.9, 300.0)
    )
    return found


def test_the_series_is_that_of_the_car() -> None:
    series = measured(from_deg=90.0).measures.delta_v_series_kmh
    assert len(series) == 26
    assert series[0] == (0.0, 0.0)
    # Hit from the right, the car is pushed to the left.
    assert series[25] == pytest.approx((0.0, -30.0), abs=1.5)
    assert series[6][1] == pytest.approx(-15.0, abs=6.0)


@pytest.mark.parametrize("rate_hz", [100.0, 400.0])
def test_asi_is_the_same_at_any_rate(rate_hz: float) -> None:
    peak_g = np.pi / 2 * 30 / 3.6 / 0.1 / G_MPS2
    assert measured(rate_hz=rate_hz).measures.asi == pytest.approx(0.96 * peak_g / 12, rel=0.05)
    assert measured(rate_hz=rate_hz, from_deg=90.0).measures.asi == pytest.approx(0.96 * peak_g / 9, rel=0.05)


def test_standard_measures_only_where_the_rate_serves_them() -> None:
    slow, fast = measured(rate_hz=100.0).measures, measured(rate_hz=1000.0).measures
    assert (slow.peak_cfc60_g, slow.delta_v_cfc180_kmh, slow.olc_g) == (None, None, None)
    assert fast.peak_cfc60_g == pytest.approx(np.pi / 2 * 30 / 3.6 / 0.1 / G_MPS2, rel=0.03)
    assert fast.delta_v_cfc180_kmh is None
    assert fast.olc_g is not None
    assert fast.olc_g == pytest.approx(measured(rate_hz=1000.0, from_deg=90.0).measures.olc_g, rel=0.05)


def test_mean_force_ratio_and_spectrum() -> None:
    found = measured(bounce=0.5).measures
    assert found.vertical_ratio == pytest.approx(0.5, abs=0.05)
    assert found.mean_g == pytest.approx(30 / 3.6 / 0.1 / G_MPS2, rel=0.3)
    assert found.slow_share > 0.8
    assert found.fast_share < 0.05


def test_a_ringing_shock_is_fast() -> None:
    rate_hz = 400.0
    car = driving(22.0, rate_hz, noise_mps2=0.1)
    at_s = np.arange(60) / rate_hz
    car[0, 4800:4860] += 60 * np.sin(2 * np.pi * 30 * at_s) * np.exp(-at_s / 0.05)
    found = analyse(motion_of(car, rate_hz), 112.0)
    assert found[0].measures.fast_share > 0.3
