"""A car being struck: the pulses laid over its driving, what the tyres do afterwards, a rollover."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.ground import REST_IN_CAR, Ground
from cli.evaluation.pulse import FINE_HZ, Pulse
from cli.evaluation.scene import Track, Truth
from cli.evaluation.sensor import Sensor, times_of
from schemas.recording import G_MPS2

Signal = NDArray[np.float64]

_RAMP_S: Final = 0.15
_IDLE_SHARE: Final = 0.05
_ROLL_FROM_S: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Collision:
    """Pulses with the seconds each begins after the first; `friction_g` of sliding; whether the driver stops.

    `roll_deg` is how far the car turns about its length axis within `roll_s`, 0 for no rollover.
    """

    pulses: tuple[tuple[float, Pulse], ...]
    friction_g: float
    stops: bool
    roll_deg: float = 0.0
    roll_s: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Struck:
    """Motion (3, n) in car axes as the sensor samples it, where the car truly went, and the truth."""

    acc_mps2: Signal
    track: Track
    truth: Truth


def strike(ground: Ground, collision: Collision, at_s: float, sensor: Sensor, mount: Signal) -> Struck:
    """Let a collision begin at a moment of some driving; `mount` (3, 3) turns car axes to the device's.

    What the pulses add is integrated over the car's speed, so that GPS and motion tell of the same crash.
    """
    rate_hz, samples = ground.rate_hz, ground.samples
    added = np.zeros((3, samples))
    edges: list[tuple[float, float]] = []
    for delay_s, pulse in collision.pulses:
        first = int(np.ceil((at_s + delay_s) * rate_hz))
        sampled = sensor.sampled(pulse.acc_mps2, FINE_HZ, first / rate_hz - at_s - delay_s)
        room = added[:, first : first + sampled.shape[1]]
        room += sampled[:, : room.shape[1]]
        edges.append((at_s + delay_s + pulse.begins_s, at_s + delay_s + pulse.ends_s))
    velocity, sliding = _velocity(ground, added, collision, edges)
    speed = np.linalg.norm(velocity, axis=0)
    begin = int(at_s * rate_hz)
    share = np.ones(samples)
    share[begin:] = np.clip(speed[begin:] / max(ground.speed_mps[begin], 1.0), _IDLE_SHARE, 1.0)
    acc = REST_IN_CAR[:, None] + (ground.acc_mps2 - REST_IN_CAR[:, None]) * share + added
    acc[:2] += sliding
    if collision.roll_deg:
        acc = _rolled(acc, collision, edges[0][1], rate_hz)
    course = ground.course_deg.copy()
    moving = speed[begin:] > 0.1
    turn = np.degrees(np.arctan2(velocity[1, begin:], velocity[0, begin:]))
    course[begin:] = ground.course_deg[begin] + np.where(moving, turn, 0.0)
    strongest = max((pulse for _, pulse in collision.pulses), key=lambda pulse: pulse.delta_v_kmh)
    shaken = acc[:, begin : int(edges[-1][1] * rate_hz) + 2]
    truth = Truth(
        at_s=edges[0][0],
        ends_s=edges[0][1],
        last_ends_s=max(
            edges[-1][1], edges[0][1] + _ROLL_FROM_S + collision.roll_s * bool(collision.roll_deg)
        ),
        delta_v_kmh=round(strongest.delta_v_kmh, 6),
        pdof_deg=strongest.pdof_deg,
        clipped=sensor.clips(mount @ shaken),
        multiple=len(collision.pulses) > 1,
        rollover=_on_its_side(collision.roll_deg),
    )
    return Struck(acc, Track(rate_hz, speed, course), truth)


def _velocity(
    ground: Ground, added: Signal, collision: Collision, edges: list[tuple[float, float]]
) -> tuple[Signal, Signal]:
    """The car's velocity (2, n) in its own axes, and what its tyres add to the motion (2, n)."""
    rate_hz = ground.rate_hz
    begin = int((edges[0][0] - 0.05) * rate_hz)
    forward, right = float(ground.speed_mps[begin]), 0.0
    grip_mps2, ended_s = collision.friction_g * G_MPS2, edges[0][1]
    went: list[tuple[float, float]] = []
    slid: list[tuple[float, float]] = []
    for row, (ahead, aside) in enumerate(added[:2, begin:].T.tolist(), begin):
        forward += ahead / rate_hz
        right += aside / rate_hz
        # A car that drives on only loses its sideways slip; one that stops slides in all directions.
        slip = forward if collision.stops else 0.0
        size = math.hypot(slip, right)
        step = min(max((row / rate_hz - ended_s) / _RAMP_S, 0.0), 1.0) * grip_mps2 / rate_hz
        share = min(step / size, 1.0) if size > 1e-6 else 0.0
        slowed = (slip * share, right * share)
        forward -= slowed[0]
        right -= slowed[1]
        went.append((forward, right))
        slid.append((-slowed[0] * rate_hz, -slowed[1] * rate_hz))
    velocity = np.stack([ground.speed_mps, np.zeros(ground.samples)])
    sliding = np.zeros((2, ground.samples))
    velocity[:, begin:], sliding[:, begin:] = np.array(went).T, np.array(slid).T
    return velocity, sliding


def _rolled(acc: Signal, collision: Collision, from_s: float, rate_hz: float) -> Signal:
    """The motion with the car turning about its length axis, smoothly."""
    times_s = times_of(acc.shape[1], rate_hz)
    share = np.clip((times_s - from_s - _ROLL_FROM_S) / collision.roll_s, 0.0, 1.0)
    angle = np.radians(collision.roll_deg) * share**2 * (3 - 2 * share)
    sin, cos = np.sin(angle), np.cos(angle)
    return np.stack([acc[0], cos * acc[1] + sin * acc[2], cos * acc[2] - sin * acc[1]])


def _on_its_side(roll_deg: float) -> bool:
    """Whether a car that turned so far comes to rest more than 60 degrees from upright."""
    return abs((roll_deg + 180) % 360 - 180) > 60
