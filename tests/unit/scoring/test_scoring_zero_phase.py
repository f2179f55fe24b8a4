"""The forward and backward low-pass, against SciPy's own design and filters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from scoring.zero_phase import butterworth, zero_phase

SHAKEN = np.cumsum(np.random.default_rng(7).standard_normal((3, 400)), axis=1)


@pytest.mark.parametrize(("corner_hz", "rate_hz"), [(13.0, 50.0), (13.0, 100.0), (124.65, 10_000.0)])
@pytest.mark.parametrize("pad", [1, 9, 100, 399])
def test_it_is_that_of_scipy(corner_hz: float, rate_hz: float, pad: int) -> None:
    numerator, denominator = signal.butter(2, corner_hz, fs=rate_hz)
    section = butterworth(corner_hz, rate_hz)
    assert section[0] == pytest.approx(numerator, rel=1e-9)
    assert section[1] == pytest.approx(denominator, rel=1e-9)
    expected = signal.filtfilt(numerator, denominator, SHAKEN, axis=-1, padtype="odd", padlen=pad)
    np.testing.assert_allclose(zero_phase(section, SHAKEN, pad), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(zero_phase(section, SHAKEN[0], pad), expected[0], rtol=1e-9, atol=1e-9)
