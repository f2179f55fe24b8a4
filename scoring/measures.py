"""Everything measured about one shock beyond its delta-V: what a reader needs to judge the finding.

Measured on the motion around the shock with what was read before it taken off. Standard measures are
given only where the sampling allows them; every other is defined at any served rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.cfc import cfc_filter, serves
from scoring.indices import asi, asi_at_most, delta_v_series, occupant_load

Signal = NDArray[np.float64]

OLC_RATE_HZ: Final = 1000.0
"""The occupant load criterion is a ratio over a few hundredths of a second: slower sampling blurs both ends."""
SLOW_HZ: Final = 15.0
FAST_HZ: Final = 25.0
"""A collision lies mostly below 15 Hz; rails, kerbs and slammed doors ring above 25."""
MEASURED_FOR_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Measures:
    """What one shock did.

    `delta_v_series_kmh` holds the velocity change at 0, 10, ... 250 ms: forward and right of the car
    where `in_car_axes`, else along the delta-V and across it. `asi` is without unit, and an upper bound
    where the car's axes are not known. `mean_g` is delta-V over duration. `vertical_ratio` is the
    vertical velocity change over the horizontal. `slow_share` and `fast_share` are the shares of the
    shock's energy below 15 and above 25 Hz. None where the sampling does not serve a measure.
    """

    delta_v_series_kmh: tuple[tuple[float, float], ...]
    in_car_axes: bool
    asi: float
    mean_g: float
    vertical_ratio: float
    slow_share: float
    fast_share: float
    peak_cfc60_g: float | None
    delta_v_cfc180_kmh: float | None
    olc_g: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Shock:
    """A shock's motion in its own axes.

    `read_mps2` and `smooth_mps2` (3, n) are before and after the low-pass, free of what was read before
    the shock; rows are along and across the delta-V and up, or forward, right and up of the car where
    `in_car_axes`. It lasts over [start, end).
    """

    read_mps2: Signal
    smooth_mps2: Signal
    start: int
    end: int
    rate_hz: float
    delta_v_mps: float
    vertical_mps: float
    in_car_axes: bool


def measure(shock: Shock) -> Measures:
    """Measure one shock; its motion must hold at least two samples of it."""
    rate_hz, start = shock.rate_hz, shock.start
    duration_s = max(1, shock.end - start) / rate_hz
    stop = start + max(2, min(shock.end - start, round(MEASURED_FOR_S * rate_hz)))
    slow, fast = _shares(shock.smooth_mps2[:2, start:stop], rate_hz)
    index = asi if shock.in_car_axes else asi_at_most
    peak, cfc180, olc = _by_class(shock, stop)
    return Measures(
        delta_v_series_kmh=delta_v_series(shock.smooth_mps2[:2], start, rate_hz),
        in_car_axes=shock.in_car_axes,
        asi=index(shock.smooth_mps2, rate_hz),
        mean_g=shock.delta_v_mps / duration_s / G_MPS2,
        vertical_ratio=shock.vertical_mps / max(shock.delta_v_mps, 1e-6),
        slow_share=slow,
        fast_share=fast,
        peak_cfc60_g=peak,
        delta_v_cfc180_kmh=cfc180,
        olc_g=olc,
    )


def _shares(horizontal: Signal, rate_hz: float) -> tuple[float, float]:
    """The shares of the energy below 15 Hz and above 25 Hz."""
    length = max(horizontal.shape[1], round(rate_hz / 2))
    spectrum = np.sum(np.abs(np.fft.rfft(horizontal, n=length, axis=1)) ** 2, axis=0)
    frequency_hz = np.fft.rfftfreq(length, 1 / rate_hz)
    total = float(spectrum.sum())
    if total == 0:
        return 0.0, 0.0
    slow = float(spectrum[frequency_hz < SLOW_HZ].sum())
    fast = float(spectrum[frequency_hz > FAST_HZ].sum())
    return slow / total, fast / total


def _by_class(shock: Shock, stop: int) -> tuple[float | None, float | None, float | None]:
    """CFC 60 peak in g, CFC 180 delta-V in km/h and OLC in g, each None where the rate is too low."""
    rate_hz, read = shock.rate_hz, shock.read_mps2
    peak = cfc180 = olc = None
    if serves(60.0, rate_hz):
        within = cfc_filter(read[:2], 60.0, rate_hz)[:, shock.start : stop]
        peak = float(np.linalg.norm(within, axis=0).max()) / G_MPS2
    if serves(180.0, rate_hz):
        within = cfc_filter(read[:2], 180.0, rate_hz)[:, shock.start : stop]
        cfc180 = 3.6 * float(np.linalg.norm(np.cumsum(within, axis=1), axis=0).max()) / rate_hz
    if rate_hz >= OLC_RATE_HZ:
        # An occupant is thrown against the force, whichever way it came.
        along = read[0] if not shock.in_car_axes else -np.linalg.norm(read[:2], axis=0)
        sign = -1.0 if float(along[shock.start : stop].sum()) > 0 else 1.0
        load = occupant_load(sign * along[shock.start :], rate_hz)
        olc = load.olc_g if load is not None else None
    return peak, cfc180, olc
