"""Shocks that are no crash, as a device in a car reads them: kerbs, doors, joints, bumps, hands.

Templates (3, n) in car axes (forward, right, down) without gravity, made at `FINE_HZ`. They are models: no public
recording of a door, a kerb or a hand at a mounted device was found. Sizes follow what was measured of road
anomalies (1.8 g at most in 400) and common sense; they are meant to be rather too hard than too soft.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.pulse import FINE_HZ
from cli.evaluation.sensor import times_of
from schemas.recording import G_MPS2

Signal = NDArray[np.float64]

_WHEELBASE_M: Final = 2.6


def kerb(rng: np.random.Generator, speed_mps: float) -> Signal:
    """Both wheels of a side over or against a kerb, front axle first: hard upward, softer backward and sideways."""
    behind_s = _WHEELBASE_M / max(speed_mps, 2.0)
    out = _blank(behind_s + 0.6)
    for start_s, share in ((0.0, 1.0), (behind_s, rng.uniform(0.5, 1.0))):
        up_g, back_g, side_g = rng.uniform(0.8, 3.5), rng.uniform(0.2, 1.6), rng.uniform(-0.8, 0.8)
        long_s = rng.uniform(0.02, 0.05)
        _lay(out, start_s, share * _hump(long_s) * np.array([[-back_g], [side_g], [-up_g]]))
        _lay(
            out,
            start_s + long_s,
            share * 0.5 * up_g * _ringing(rng.uniform(9, 14), 0.12, 0.4) * _down(0.1, rng),
        )
    return out * G_MPS2


def pothole(rng: np.random.Generator, speed_mps: float, *, hardest_g: float = 2.5) -> Signal:
    """A wheel into a hole, then the rear wheel: hop at 10-14 Hz, a share of it lengthways."""
    behind_s = _WHEELBASE_M / max(speed_mps, 2.0)
    out = _blank(behind_s + 0.6)
    size_g = float(np.clip(rng.lognormal(-0.7, 0.6), 0.1, hardest_g))
    lean = _down(0.2, rng)
    for start_s, share in ((0.0, 1.0), (behind_s, rng.uniform(0.5, 1.0))):
        _lay(out, start_s, share * size_g * _ringing(rng.uniform(9, 15), 0.1, 0.5) * lean)
    return out * G_MPS2


def speed_bump(rng: np.random.Generator, speed_mps: float) -> Signal:
    """Front axle up and down, rear axle after it, with the pitching that goes along."""
    behind_s = _WHEELBASE_M / max(speed_mps, 2.0)
    long_s = float(np.clip(rng.uniform(0.35, 1.0) / max(speed_mps, 2.0) * 2, 0.08, 0.5))
    out = _blank(behind_s + 2 * long_s + 0.8)
    up_g, back_g = rng.uniform(0.3, 1.5), rng.uniform(0.05, 0.4)
    for start_s in (0.0, behind_s):
        _lay(out, start_s, _hump(long_s) * np.array([[-back_g], [0.0], [-up_g]]))
        _lay(out, start_s + long_s, _hump(long_s) * np.array([[back_g], [0.0], [0.9 * up_g]]))
    return out * G_MPS2


def joints(rng: np.random.Generator, speed_mps: float) -> Signal:
    """A railway crossing, tram rails or bridge joints: sharp blows, axle by axle."""
    rails, apart_m = int(rng.integers(2, 9)), rng.uniform(0.7, 1.5)
    speed = max(speed_mps, 3.0)
    out = _blank((rails * apart_m + _WHEELBASE_M) / speed + 0.5)
    for rail in range(rails):
        for axle in range(2):
            size_g = rng.uniform(0.3, 1.8)
            _lay(
                out,
                (rail * apart_m + axle * _WHEELBASE_M) / speed,
                size_g * _ringing(rng.uniform(10, 18), 0.06, 0.3) * _down(0.25, rng),
            )
    return out * G_MPS2


def door(rng: np.random.Generator, speed_mps: float) -> Signal:  # noqa: ARG001 - one signature for all
    """A door or boot lid falling shut: a blow of some milliseconds, and the body ringing after it."""
    out = _blank(0.5)
    along = rng.normal(size=3) * np.array([0.6, 1.0, 0.5])
    along = (along / np.linalg.norm(along))[:, None]
    _lay(out, 0.0, rng.uniform(1.0, 8.0) * _hump(rng.uniform(0.004, 0.015)) * along)
    _lay(out, 0.01, rng.uniform(0.3, 1.5) * _ringing(rng.uniform(18, 45), 0.08, 0.3) * along)
    return out * G_MPS2


def gear_shift(rng: np.random.Generator, speed_mps: float) -> Signal:  # noqa: ARG001 - one signature for all
    """A clutch let in too fast: the car jerks to and fro at 2-5 Hz."""
    jerk = rng.uniform(0.05, 0.3) * _ringing(rng.uniform(2, 5), 0.3, 1.0)
    return jerk * np.array([[1.0], [0.0], [0.0]]) * G_MPS2


def rattle(rng: np.random.Generator, speed_mps: float) -> Signal:  # noqa: ARG001 - one signature for all
    """A mount with play: short knocks in any direction."""
    out = _blank(2.0)
    for _ in range(int(rng.integers(3, 15))):
        along = rng.normal(size=3)
        _lay(
            out,
            rng.uniform(0.0, 1.7),
            rng.uniform(0.5, 4.0)
            * _hump(rng.uniform(0.004, 0.02))
            * (along / np.linalg.norm(along))[:, None],
        )
    return out * G_MPS2


def hard_braking(rng: np.random.Generator, speed_mps: float) -> Signal:
    """Brakes at the tyres' limit until the car stands, with anti-lock pulsing and the nod at the end."""
    size_g = rng.uniform(0.85, 1.05)
    long_s = max(speed_mps, 4.0) / (size_g * G_MPS2)
    out = _blank(long_s + 1.0)
    times_s = times_of(out.shape[1], FINE_HZ)
    onset_s = rng.uniform(0.08, 0.3)
    hold = np.clip(times_s / onset_s, 0, 1) * (times_s < long_s)
    hold *= 1 + 0.12 * np.sin(2 * np.pi * rng.uniform(6, 14) * times_s)
    out[0] = -size_g * hold
    _lay(out, long_s, 0.25 * _ringing(1.6, 0.3, 0.9) * np.array([[1.0], [0.0], [0.2]]))
    return out * G_MPS2


def swerve(rng: np.random.Generator, speed_mps: float) -> Signal:  # noqa: ARG001 - one signature for all
    """An evasive lane change: one side, then the other, up to what tyres give."""
    size_g, long_s = rng.uniform(0.5, 1.0), rng.uniform(0.4, 0.9)
    out = _blank(2 * long_s + 0.5)
    side = 1.0 if rng.random() < 0.5 else -1.0
    _lay(out, 0.0, side * size_g * _hump(long_s) * np.array([[0.0], [1.0], [0.0]]))
    _lay(out, long_s, -side * size_g * _hump(long_s) * np.array([[0.1], [1.0], [0.0]]))
    return out * G_MPS2


def _blank(duration_s: float) -> Signal:
    return np.zeros((3, round(duration_s * FINE_HZ)))


def _lay(out: Signal, start_s: float, part: Signal) -> None:
    first = round(start_s * FINE_HZ)
    room = out[:, first : first + part.shape[1]]
    room += part[:, : room.shape[1]]


def _hump(duration_s: float) -> Signal:
    count = max(2, round(duration_s * FINE_HZ))
    return np.sin(np.pi * np.arange(count) / count)


def _ringing(frequency_hz: float, decay_s: float, duration_s: float) -> Signal:
    times_s = np.arange(round(duration_s * FINE_HZ)) / FINE_HZ
    return np.exp(-times_s / decay_s) * np.sin(2 * np.pi * frequency_hz * times_s)


def _down(leak: float, rng: np.random.Generator) -> Signal:
    """About the vertical, with a share of it lengthways and sideways."""
    return np.array([[-rng.uniform(0, leak)], [rng.uniform(-leak, leak)], [-1.0]])
