"""A car that rolls over: struck from the side, it trips, turns about its length axis and meets the ground.

Axes are those of SAE J211: +x forward, +y right, +z down. All figures are our own choice within what quarter and
half turns of cars on a slope look like: no rollover was measured for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from device_sim.physics.pulses import Pulse, fine_times, through_sensor
from schemas.recording import G_MPS2, Floats

_TRIPS_AFTER_S: Final = 0.25
# Share of the turning's time, upward velocity change in m/s, duration in s: the sill, the pillar, the roof or side.
_CONTACTS: Final = ((0.30, 0.9, 0.060), (0.62, 1.4, 0.075), (0.94, 1.2, 0.065))
_SIDEWAYS: Final = 0.4


@dataclass(frozen=True, slots=True)
class Contact:
    """A blow by the ground: when after time zero, the velocity it gives (3,) in m/s in the car's axes, how long."""

    after_s: float
    delta_v_mps: Floats
    duration_s: float

    def sampled(self, first_s: float, rate_hz: float, lowpass_hz: float) -> Floats:
        """What the sensor's samples (n, 3) hold of it, in m/s2; `first_s` as for `sampled_pulse`."""
        times_s, every = fine_times(self.duration_s, first_s, rate_hz)
        share = np.clip(times_s / self.duration_s, 0.0, 1.0)
        force: Floats = np.pi / 2 / self.duration_s * np.sin(np.pi * share)
        return through_sensor(force[:, np.newaxis] * self.delta_v_mps, every, rate_hz, lowpass_hz)


@dataclass(frozen=True, slots=True)
class Rollover:
    """The blow that begins it, how far the car turns (90: on its side, 180: on its roof), and within what time.

    It turns towards the side it is pushed to. Raises ValueError outside 30-360 degrees and 1-5 s, which keeps
    the mean roll rate below 360 degrees a second.
    """

    pulse: Pulse
    roll_deg: float = 90.0
    roll_s: float = 2.0

    def __post_init__(self) -> None:
        if not 30.0 <= self.roll_deg <= 360.0:
            raise ValueError(f"roll_deg {self.roll_deg} is outside 30 to 360")
        if not 1.0 <= self.roll_s <= 5.0:
            raise ValueError(f"roll_s {self.roll_s} is outside 1 to 5")

    def angle_rad(self, elapsed_s: Floats) -> Floats:
        """How far it leans to the right, seconds after time zero; it speeds up and slows down smoothly."""
        share = self._share(elapsed_s)
        towards = 1.0 if self.pulse.delta_v_mps[1] >= 0.0 else -1.0
        return np.radians(towards * self.roll_deg) * share**2 * (3.0 - 2.0 * share)

    def carried(self, elapsed_s: Floats) -> Floats:
        """Share of its weight that the ground carries between contacts: these carry the rest.

        Over the whole turn the car neither rises nor falls, so that both together are g times its duration.
        """
        share = self._share(elapsed_s)
        blows = sum(upward_mps for _, upward_mps, _ in _CONTACTS)
        return np.where((share > 0.0) & (share < 1.0), 1.0 - blows / (G_MPS2 * self.roll_s), 1.0)

    def turned(self, level_mps2: Floats, elapsed_s: Floats) -> Floats:
        """Acceleration (n, 3) of a car that stays upright, as it is felt in the axes of the one that turns."""
        angle = self.angle_rad(elapsed_s)
        sin, cos = np.sin(angle), np.cos(angle)
        _, right, down = level_mps2.T
        return np.column_stack([level_mps2[:, 0], cos * right + sin * down, cos * down - sin * right])

    def contacts(self) -> Iterator[Contact]:
        """The blows of the ground: upwards, and somewhat aside, each from a direction of its own."""
        rng = np.random.default_rng([11, self.pulse.seed])
        for share, upward_mps, duration_s in _CONTACTS:
            after_s = self._begins_s + share * self.roll_s
            aside = _SIDEWAYS * upward_mps * rng.uniform(-1.0, 1.0, 2)
            level = np.asarray([[aside[0], aside[1], -upward_mps]])
            yield Contact(after_s, self.turned(level, np.asarray([after_s]))[0], duration_s)

    @property
    def _begins_s(self) -> float:
        return self.pulse.duration_ms / 1000.0 + _TRIPS_AFTER_S

    def _share(self, elapsed_s: Floats) -> Floats:
        return np.clip((elapsed_s - self._begins_s) / self.roll_s, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Roll:
    """A rollover and when it began."""

    start_s: float
    rollover: Rollover

    def felt(self, level_mps2: Floats, times_s: Floats) -> Floats:
        """Motion (n, 3) of the car as if upright, gravity included, in the axes of the car as it lies."""
        elapsed_s = times_s - self.start_s
        carried = level_mps2.copy()
        carried[:, 2] *= self.rollover.carried(elapsed_s)
        return self.rollover.turned(carried, elapsed_s)
