"""The channel frequency class filter, against published coefficients and what the standard says of its gain."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.cfc import cfc_filter, coefficients


@pytest.mark.parametrize(
    ("rate_hz", "cfc", "b0", "a1", "a2"),
    [
        (10_000, 60, 0.00145236747, -1.88934322, 0.895152694),
        (10_000, 180, 0.0117962711, -1.67011746, 0.717302548),
        (1_000, 60, 0.0971846253, -0.945574009, 0.33431251),
    ],
)
def test_coefficients(rate_hz: float, cfc: float, b0: float, a1: float, a2: float) -> None:
    numerator, denominator = coefficients(cfc, rate_hz)
    assert numerator == pytest.approx((b0, 2 * b0, b0), rel=1e-6)
    assert denominator == pytest.approx((1.0, a1, a2), rel=1e-6)


@pytest.mark.parametrize("cfc", [60.0, 180.0])
def test_the_corner_is_the_class_over_0_6(cfc: float) -> None:
    rate_hz = 20_000.0
    at_s = np.arange(40_000) / rate_hz
    wave = np.sin(2 * np.pi * cfc / 0.6 * at_s)
    middle = cfc_filter(wave, cfc, rate_hz)[10_000:30_000]
    assert np.sqrt(2) * middle.std() == pytest.approx(10 ** (-3 / 20), rel=0.02)


def test_it_keeps_phase_and_level() -> None:
    step = np.zeros((3, 2_000))
    step[:, 1_000:] = 1.0
    filtered = cfc_filter(step, 60.0, 10_000.0)
    assert filtered[:, 1_000] == pytest.approx(0.5, abs=0.02)
    assert filtered[:, -1] == pytest.approx(1.0, abs=1e-3)


def test_a_slow_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="CFC 180 needs 1800 samples a second; these are 1000"):
        coefficients(180.0, 1_000.0)
