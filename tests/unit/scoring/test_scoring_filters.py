"""Low-pass and the rebuilding of clipped peaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from support.shocks import UP_IN_CAR, driving, half_sine, haversine, struck, turned

from schemas.recording import G_MPS2
from scoring.clipping import clipped, rebuild_clipped
from scoring.filters import LOWPASS_HZ, lowpass

CLIP_MPS2 = 0.98 * 8 * G_MPS2


@pytest.mark.parametrize("rate_hz", [128.0, 200.0, 500.0, 1000.0])
def test_the_low_pass_has_its_corner_at_42_hz(rate_hz: float) -> None:
    t = np.arange(round(4 * rate_hz)) / rate_hz
    middle = slice(round(rate_hz), round(3 * rate_hz))
    for frequency_hz, gain in ((1.0, 1.0), (LOWPASS_HZ, np.sqrt(0.5))):
        wave = np.sin(2 * np.pi * frequency_hz * t) * np.ones((3, 1))
        smooth = lowpass(wave, rate_hz)
        # The projection on the wave itself: zero phase, so nothing is left of the cosine.
        assert 2 * np.mean((smooth * wave)[:, middle]) == pytest.approx(gain, abs=0.02)
        cosine = np.cos(2 * np.pi * frequency_hz * t)
        assert np.mean((smooth * cosine)[:, middle]) == pytest.approx(0, abs=0.01)


def test_the_low_pass_keeps_integrals_and_never_overshoots() -> None:
    step = np.zeros((3, 1000))
    step[:, 500:600] = 10.0
    smooth = lowpass(step, 1000.0)
    assert smooth.sum() == pytest.approx(step.sum())
    assert smooth.max() <= 10.0 + 1e-9
    assert smooth.min() >= -1e-9


def test_what_a_sensor_has_filtered_is_left_alone() -> None:
    acc = driving(2.0, 104.0)
    assert lowpass(acc, 104.0) is acc


def test_what_does_not_clip_is_left_alone() -> None:
    acc = driving(2.0)
    assert rebuild_clipped(acc, CLIP_MPS2, 100.0) is acc


@pytest.mark.parametrize("shape", [half_sine, haversine])
@pytest.mark.parametrize("from_deg", [0, 30, 200])
def test_clipped_peaks_come_back(shape: Callable[..., NDArray[np.float64]], from_deg: float) -> None:
    car = struck(driving(4.0, noise_mps2=0.2), shape(28, 0.12), 200, from_deg=from_deg)
    true = turned((1, 1, 2), 40) @ car
    read = np.clip(true, -8 * G_MPS2, 8 * G_MPS2)
    mask = clipped(read, CLIP_MPS2)
    assert mask.any()
    rebuilt = rebuild_clipped(read, CLIP_MPS2, 100.0)
    np.testing.assert_array_equal(rebuilt[~mask], read[~mask])
    assert np.all(np.abs(rebuilt) >= np.abs(read) - 1e-9)
    lost, left = np.abs((true - read).sum(axis=1)), np.abs((true - rebuilt).sum(axis=1))
    assert left.sum() < 0.4 * lost.sum()


def test_nothing_is_made_up_where_nothing_tells() -> None:
    read = np.tile(UP_IN_CAR[:, None], (1, 200))
    read[0, 190:] = 8 * G_MPS2
    np.testing.assert_array_equal(rebuild_clipped(read, CLIP_MPS2, 100.0), read)
    read[:] = 8 * G_MPS2
    np.testing.assert_array_equal(rebuild_clipped(read, CLIP_MPS2, 100.0), read)


def test_a_rebuilt_peak_is_bounded() -> None:
    read = np.tile(UP_IN_CAR[:, None], (1, 200))
    read[0, 99], read[0, 150] = 70.0, 70.0
    read[0, 100:150] = 8 * G_MPS2
    assert rebuild_clipped(read, CLIP_MPS2, 100.0).max() <= 2 * 8 * G_MPS2 + 1e-9
