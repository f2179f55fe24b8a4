"""Channel frequency classes: the low-passes of crash testing, for recordings sampled fast enough.

SAE J211-1 (appendix C) and ISO 6487 (annex A): a second-order Butterworth run forward and backward, so
that it has four poles and no phase. Its -3 dB corner is at CFC / 0.6: 100 Hz for CFC 60, 300 Hz for CFC 180.
"""

from __future__ import annotations

from typing import Final

from scoring.zero_phase import Section, Signal, butterworth, zero_phase

MIN_RATE_PER_CLASS: Final = 10.0
"""SAE J211-1: sample at no less than ten times the class; below it the corner nears half the rate."""
_DESIGN: Final = 2.0775
"""The class times this is the design corner of one pass in Hz (SAE J211-1, appendix C)."""
_PAD_SAMPLES: Final = 100
_PAD_S: Final = 0.010
"""Both ends are continued by a point mirror of this much, whichever is more (ISO 6487, annex A)."""


def serves(cfc: float, rate_hz: float) -> bool:
    """Whether a recording of this rate can be filtered to a class at all."""
    return rate_hz >= MIN_RATE_PER_CLASS * cfc


def coefficients(cfc: float, rate_hz: float) -> Section:
    """One pass of a class; raises ValueError where the rate does not serve it."""
    if not serves(cfc, rate_hz):
        raise ValueError(
            f"CFC {cfc:g} needs {MIN_RATE_PER_CLASS * cfc:g} samples a second; these are {rate_hz:g}"
        )
    return butterworth(cfc * _DESIGN, rate_hz)


def cfc_filter(acc: Signal, cfc: float, rate_hz: float) -> Signal:
    """The signal (..., n) filtered to a channel frequency class, in its own unit; raises ValueError as above."""
    pad = min(max(_PAD_SAMPLES, round(_PAD_S * rate_hz)), acc.shape[-1] - 1)
    return zero_phase(coefficients(cfc, rate_hz), acc, pad)
