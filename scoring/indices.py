"""Standard measures of how grave a shock is: ASI, OLC, and the velocity series of event data recorders.

ASI needs no more than 13 Hz of bandwidth and so is the one standard index that holds at 100 Hz; peaks by
channel frequency class and OLC are given only where a recording is fast enough for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.recording import G_MPS2
from scoring.zero_phase import Signal, butterworth, zero_phase

ASI_HZ: Final = 13.0
ASI_PAD_S: Final = 0.5
ASI_LIMITS_G: Final = (12.0, 9.0, 10.0)
"""Limit accelerations forward, sideways and up of EN 1317-1."""
OLC_FREE_M: Final = 0.065
OLC_RESTRAINED_M: Final = 0.235
"""An occupant flies free for 65 mm, then the restraints stop them over another 235 mm."""
EDR_FOR_S: Final = 0.250
EDR_STEP_S: Final = 0.010
"""Delta-V is recorded from 0 to 250 ms in steps of 10 ms (49 CFR 563.7, table I)."""


def asi(acc_mps2: Signal, rate_hz: float) -> float:
    """Acceleration severity index of (3, n) in car axes, gravity and bias removed, without unit.

    EN 1317-1:2010: a zero-phase four-pole Butterworth low-pass at 13 Hz after half a second of zeros on
    both sides; then the largest sqrt((ax / 12 g)^2 + (ay / 9 g)^2 + (az / 10 g)^2).
    """
    shares = _at_13_hz(acc_mps2, rate_hz) / (np.array(ASI_LIMITS_G)[:, None] * G_MPS2)
    return float(np.linalg.norm(shares, axis=0).max())


def asi_at_most(acc_mps2: Signal, rate_hz: float) -> float:
    """The largest ASI of (3, n) that any heading of the car would give; rows 0 and 1 are horizontal.

    Every horizontal direction gets the sideways limit of 9 g, so it is at most a third above the
    ASI of a known heading.
    """
    smooth = _at_13_hz(acc_mps2, rate_hz) / G_MPS2
    _, sideways_g, up_g = ASI_LIMITS_G
    squared = (smooth[0] ** 2 + smooth[1] ** 2) / sideways_g**2 + (smooth[2] / up_g) ** 2
    return float(np.sqrt(squared.max()))


def _at_13_hz(acc_mps2: Signal, rate_hz: float) -> Signal:
    padded = np.pad(acc_mps2, ((0, 0), (round(ASI_PAD_S * rate_hz),) * 2))
    # Zeros are continued by zeros: how many more does not matter.
    return zero_phase(butterworth(ASI_HZ, rate_hz), padded, 1)


@dataclass(frozen=True, slots=True)
class LoadCriterion:
    """Occupant load criterion in g, and when its occupant met the restraints and was stopped by them."""

    olc_g: float
    free_until_s: float
    stopped_at_s: float


def occupant_load(acc_mps2: Signal, rate_hz: float) -> LoadCriterion | None:
    """OLC of a frontal shock; None where the car's deceleration does not bring an occupant to 300 mm.

    `acc_mps2` (n,) is the car's forward acceleration from time zero on. The occupant keeps the speed of
    time zero until the car lags 65 mm behind (t1), and is then slowed evenly so that after another
    235 mm (t2) it moves with the car: OLC = (v0 - v(t2)) / (t2 - t1). Only differences of speed enter, so the
    speed itself is not needed. Construction as in Euro NCAP's technical bulletin TB 029.
    """
    lost_mps = -np.cumsum(acc_mps2) / rate_hz
    lag_m = np.cumsum(lost_mps) / rate_hz
    reached = np.flatnonzero(lag_m >= OLC_FREE_M)
    if reached.size == 0:
        return None
    free = int(reached[0])
    lost_mps, lag_m = lost_mps[free + 1 :], lag_m[free + 1 :] - lag_m[free]
    duration_s = np.arange(1, lost_mps.size + 1) / rate_hz
    stopped = np.flatnonzero(lag_m - lost_mps / 2 * duration_s >= OLC_RESTRAINED_M)
    if stopped.size == 0:
        return None
    at = int(stopped[0])
    olc_g = float(lost_mps[at] / duration_s[at]) / G_MPS2
    return LoadCriterion(olc_g, free / rate_hz, free / rate_hz + float(duration_s[at]))


def delta_v_series(horizontal_mps2: Signal, start: int, rate_hz: float) -> tuple[tuple[float, float], ...]:
    """The velocity change of (2, n) in km/h at 0, 10, ... 250 ms after sample `start`, as (along, across) pairs.

    Shorter where the motion ends before; rates that have no sample at a step take the straight line
    between its neighbours.
    """
    velocity = 3.6 * np.cumsum(horizontal_mps2[:, start:], axis=1) / rate_hz
    velocity = np.concatenate([np.zeros((2, 1)), velocity], axis=1)
    known_s: Signal = np.arange(velocity.shape[1], dtype=np.float64) / rate_hz
    steps_s: Signal = np.arange(round(EDR_FOR_S / EDR_STEP_S) + 1, dtype=np.float64) * EDR_STEP_S
    steps_s = steps_s[steps_s <= known_s[-1] + 1e-9]
    series = np.empty((steps_s.size, 2))
    for axis in range(2):
        series[:, axis] = np.interp(steps_s, known_s, velocity[axis])
    return tuple((along, across) for along, across in series.tolist())
