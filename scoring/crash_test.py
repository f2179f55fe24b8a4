"""Measures of an instrumented crash test: sensors in car axes, sampled fast, gravity already removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.cfc import cfc_filter
from scoring.indices import asi, delta_v_series, occupant_load
from scoring.onset import event

Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrashTest:
    """What a crash test measured; times are the recording's own.

    `peak_cfc60_g` is the largest resultant in the horizontal plane. `delta_v_kmh` is the largest change of
    velocity, rebound included, and `delta_v_at_s` when it was reached. `time_zero_s` and `end_s`
    bound the event by the 0.8 km/h rule (49 CFR 563.5). `olc_g` is None where the shock is too weak
    for one. `delta_v_series_kmh` begins at time zero: forward and right, every 10 ms.
    """

    peak_cfc60_g: float
    delta_v_kmh: float
    delta_v_at_s: float
    pdof_deg: float
    time_zero_s: float
    end_s: float
    asi: float
    olc_g: float | None
    delta_v_series_kmh: tuple[tuple[float, float], ...]


def measure_crash_test(at_s: Signal, acc_mps2: Signal) -> CrashTest:
    """Measure a crash test of `acc_mps2` (3, n) at times `at_s` (n,), axes of SAE J211: x forward, y right, z down.

    The mean before 0 s, where there is any, is taken for the sensors' bias. Velocity and ASI are taken
    from CFC 180, structure peaks from CFC 60 (SAE J211-1). Raises ValueError where the recording is too
    slow for CFC 180, or holds no event.
    """
    rate_hz = float((at_s.size - 1) / (at_s[-1] - at_s[0]))
    before = acc_mps2[:, at_s < 0]
    bias = before.mean(axis=1) if before.shape[1] >= 2 else np.zeros(3)
    acc = acc_mps2 - bias[:, None]
    smooth = cfc_filter(acc, 180.0, rate_hz)
    bounds = event(smooth[:2], rate_hz)
    if bounds is None:
        raise ValueError("the velocity never changes by 0.8 km/h within 20 ms: this holds no crash")
    start, end = bounds
    velocity = np.cumsum(smooth[:2], axis=1) / rate_hz
    largest = int(np.argmax(np.linalg.norm(velocity, axis=0)))
    forward, right = velocity[:, largest].tolist()
    zero = max(start, int(np.searchsorted(at_s, 0.0)))
    load = occupant_load(acc[0, zero:], rate_hz)
    peak = np.linalg.norm(cfc_filter(acc[:2], 60.0, rate_hz), axis=0).max()
    return CrashTest(
        peak_cfc60_g=float(peak) / G_MPS2,
        delta_v_kmh=3.6 * float(np.hypot(forward, right)),
        delta_v_at_s=float(at_s[largest]),
        pdof_deg=float(np.degrees(np.arctan2(-right, -forward)) % 360),
        time_zero_s=float(at_s[start]),
        end_s=float(at_s[min(end, at_s.size - 1)]),
        asi=asi(smooth, rate_hz),
        olc_g=load.olc_g if load is not None else None,
        delta_v_series_kmh=delta_v_series(smooth[:2], start, rate_hz),
    )
