"""ASI, OLC and the velocity series, against ideal pulses and the figures of a real barrier test."""

from __future__ import annotations

import numpy as np
import pytest
from support.shocks import sample_data

from schemas.recording import G_MPS2
from scoring.cfc import cfc_filter
from scoring.indices import asi, asi_at_most, delta_v_series, occupant_load


def test_asi_of_a_long_steady_push_is_its_share_of_the_limit() -> None:
    push = np.zeros((3, 400))
    push[1, 100:300] = 4.5 * G_MPS2
    assert asi(push, 100.0) == pytest.approx(0.5, rel=0.12)  # a 13 Hz low-pass overshoots a step by a tenth
    assert asi_at_most(push, 100.0) == pytest.approx(asi(push, 100.0))
    assert asi_at_most(push[[1, 0, 2]], 100.0) == pytest.approx(asi(push, 100.0))


@pytest.mark.parametrize("rate_hz", [100.0, 200.0, 1_000.0])
def test_asi_hardly_depends_on_the_rate(rate_hz: float) -> None:
    pulse = np.zeros((3, round(1.0 * rate_hz)))
    at_s = np.arange(round(0.1 * rate_hz)) / rate_hz
    pulse[0, : at_s.size] = -20 * G_MPS2 * np.sin(np.pi * at_s / 0.1)
    pulse = np.roll(pulse, round(0.4 * rate_hz), axis=1)
    # 20 / 12, less the few per cent that 13 Hz take off a half-sine of 10 Hz.
    assert asi(pulse, rate_hz) == pytest.approx(1.598, rel=0.01)


def test_olc_of_a_steady_deceleration() -> None:
    # 10 g: the lag is 65 mm after t1 = sqrt(0.13 / a); the occupant then needs what makes 300 mm.
    decel = 10 * G_MPS2
    found = occupant_load(np.full(2_000, -decel), 10_000.0)
    assert found is not None
    free_s = np.sqrt(2 * 0.065 / decel)
    assert found.free_until_s == pytest.approx(free_s, abs=2e-4)
    # v(t) = v0 - a t; lag at t2 of an occupant slowed evenly to the car's speed: a t1 t2 / 2 = 0.3 m.
    stopped_s = 2 * 0.3 / (decel * free_s)
    assert found.stopped_at_s == pytest.approx(stopped_s, abs=4e-4)
    assert found.olc_g == pytest.approx(10 * stopped_s / (stopped_s - free_s), rel=0.01)


def test_a_weak_shock_has_no_olc() -> None:
    assert occupant_load(np.full(100, -1.0), 1_000.0) is None


def test_the_series_is_the_velocity_at_every_ten_milliseconds() -> None:
    push = np.zeros((2, 60))
    push[0, 10:40] = 10.0
    series = delta_v_series(push, 10, 100.0)
    assert len(series) == 26
    assert series[0] == (0.0, 0.0)
    assert series[1][0] == pytest.approx(0.36)
    assert series[25] == (pytest.approx(9.0), 0.0)


def test_the_series_of_a_stretch_that_ends_early_is_short() -> None:
    assert len(delta_v_series(np.ones((2, 10)), 0, 100.0)) == 11


def test_a_real_barrier_test() -> None:
    """NHTSA test 10146: CFC 60 peak -40.9 g, ASI 2.53, OLC 29.4 g between 36 and 100 ms."""
    with np.load(sample_data() / "crash_v10146_veh1.npz") as archive:
        at_s, acc = archive["t_s"], np.asarray(archive["acc_mps2"], dtype=np.float64).T
    from_zero = acc[:, at_s >= 0]
    assert cfc_filter(acc, 60.0, 10_000.0)[0].min() / G_MPS2 == pytest.approx(-40.9, rel=0.005)
    assert asi(cfc_filter(acc, 180.0, 10_000.0), 10_000.0) == pytest.approx(2.53, rel=0.005)
    load = occupant_load(from_zero[0], 10_000.0)
    assert load is not None
    assert load.olc_g == pytest.approx(29.4, rel=0.005)
    assert (load.free_until_s, load.stopped_at_s) == pytest.approx((0.036, 0.100), abs=0.001)
