"""An instrumented crash test, against what its report and an independent reading of it give."""

from __future__ import annotations

import numpy as np
import pytest
from support.shocks import half_sine, sample_data

from schemas.recording import G_MPS2
from scoring.crash_test import measure_crash_test

RATE_HZ = 10_000.0


def test_a_real_barrier_test() -> None:
    """NHTSA test 10146: CFC 60 peak 40.9 g, 66.5 km/h at 113 ms, ASI 2.53, OLC 29.4 g, over at 87 ms."""
    with np.load(sample_data() / "crash_v10146_veh1.npz") as archive:
        found = measure_crash_test(archive["t_s"], np.asarray(archive["acc_mps2"], dtype=np.float64).T)
    assert found.peak_cfc60_g == pytest.approx(40.9, rel=0.005)
    assert found.delta_v_kmh == pytest.approx(66.5, rel=0.002)
    assert found.delta_v_at_s == pytest.approx(0.113, abs=0.001)
    assert found.end_s == pytest.approx(0.087, rel=0.01)
    assert found.asi == pytest.approx(2.53, rel=0.005)
    assert found.olc_g == pytest.approx(29.4, rel=0.005)
    assert found.pdof_deg == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("from_deg", [0.0, 45.0, 120.0, 300.0])
def test_an_ideal_pulse(from_deg: float) -> None:
    pulse = half_sine(40.0, 0.12, RATE_HZ)
    acc = np.full((3, 8_000), 0.3)
    angle = np.radians(from_deg)
    acc[:2, 2_000 : 2_000 + pulse.size] += np.outer([-np.cos(angle), -np.sin(angle)], pulse)
    at_s = (np.arange(8_000) - 2_000) / RATE_HZ
    found = measure_crash_test(at_s, acc)
    assert found.delta_v_kmh == pytest.approx(40.0, rel=0.005)
    assert found.pdof_deg == pytest.approx(from_deg, abs=0.5)
    assert found.peak_cfc60_g == pytest.approx(np.pi / 2 * 40 / 3.6 / 0.12 / G_MPS2, rel=0.01)
    assert found.end_s == pytest.approx(0.12, abs=0.012)
    assert found.time_zero_s == pytest.approx(0.0, abs=0.012)


def test_a_quiet_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="this holds no crash"):
        measure_crash_test(np.arange(2_000) / RATE_HZ, np.zeros((3, 2_000)))
