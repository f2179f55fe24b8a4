"""Our filters against SciPy's, sample by sample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import signal

from device_sim.physics.filters import Filter, StreamFilter, bandpass, lowpass, noise_gain, smoothing


def coefficients(f: Filter) -> tuple[list[float], list[float]]:
    return [f.b0, f.b1, f.b2], [1.0, f.a1, f.a2]


@pytest.mark.parametrize(("corner_hz", "rate_hz"), [(42.0, 3200.0), (42.0, 100.0), (5.0, 1000.0)])
def test_the_lowpass_is_butterworths(corner_hz: float, rate_hz: float) -> None:
    ours = coefficients(lowpass(corner_hz, rate_hz))
    theirs = signal.butter(2, corner_hz, fs=rate_hz)
    assert np.concatenate(ours) == pytest.approx(np.concatenate(theirs), rel=1e-9)


@pytest.mark.parametrize(
    ("low_hz", "high_hz", "rate_hz"), [(0.9, 2.4, 100.0), (8.0, 17.0, 50.0), (0.15, 0.7, 1000.0)]
)
def test_the_bandpass_is_butterworths(low_hz: float, high_hz: float, rate_hz: float) -> None:
    ours = coefficients(bandpass(low_hz, high_hz, rate_hz))
    theirs = signal.butter(1, (low_hz, high_hz), "bandpass", fs=rate_hz)
    assert np.concatenate(ours) == pytest.approx(np.concatenate(theirs), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("sizes", [(1000,), (1, 127, 128, 129, 0, 3, 612), (10,) * 100])
@pytest.mark.parametrize("made", [lowpass(42.0, 100.0), bandpass(0.9, 2.4, 100.0), smoothing(2.0, 100.0)])
def test_a_stream_is_filtered_as_a_whole(made: Filter, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    whole = rng.normal(size=(1000, 3))
    stream = StreamFilter(made, 3)
    edges = np.cumsum((0, *sizes))
    pieces = [stream(whole[first:end]) for first, end in itertools.pairwise(edges)]
    expected = signal.lfilter(*coefficients(made), whole, axis=0)
    assert np.concatenate(pieces) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("made", [lowpass(42.0, 100.0), bandpass(0.9, 2.4, 100.0), smoothing(2.0, 100.0)])
def test_a_settled_filter_does_not_jump(made: Filter) -> None:
    level = np.asarray([9.8, -3.0, 0.5])
    filtered = StreamFilter(made, 3, settled_at=level)(np.tile(level, (300, 1)))
    expected = level * (made.b0 + made.b1 + made.b2) / (1 + made.a1 + made.a2)
    assert filtered == pytest.approx(np.tile(expected, (300, 1)), abs=1e-9)


def test_noise_gain_is_what_white_noise_becomes() -> None:
    made = bandpass(8.0, 17.0, 100.0)
    noise = np.random.default_rng(2).normal(size=(200_000, 1))
    assert noise_gain(made) == pytest.approx(StreamFilter(made, 1)(noise).std(), rel=0.02)


def test_smoothing_reaches_63_percent_after_its_time_constant() -> None:
    step = StreamFilter(smoothing(2.0, 100.0), 1)(np.ones((201, 1)))
    assert step[199, 0] == pytest.approx(1 - np.exp(-1), abs=0.003)
