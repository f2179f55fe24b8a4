"""The driving that crashes and disturbances are laid over: real stretches, and simulated ones that have GPS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.pulse import turned_about_vertical
from cli.evaluation.sensor import resampled, times_of
from device_sim.physics.legs import RouteLeg
from device_sim.physics.routes import load_route, route_ids
from device_sim.physics.speed_profile import STYLES, drive_lap
from device_sim.physics.vibration import Vibration
from schemas.recording import G_MPS2, Recording
from scoring.sampling import motions_of

Signal = NDArray[np.float64]

REST_IN_CAR: Final = np.array([0.0, 0.0, -G_MPS2])
"""What a sensor at rest reads in car axes: forward, right, down."""
_FADE_S: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Driving in car axes: motion (3, n) in m/s2 with gravity, and speed and course (n,) at the same samples."""

    name: str
    rate_hz: float
    acc_mps2: Signal
    speed_mps: Signal
    course_deg: Signal

    @property
    def samples(self) -> int:
        """How many."""
        return int(self.acc_mps2.shape[1])

    def then(self, other: Ground) -> Ground:
        """One after the other, blended over half a second; the speed is the other's towards the end."""
        fade = round(_FADE_S * self.rate_hz)
        share = np.linspace(0.0, 1.0, fade)
        blend = (1 - share) * self.acc_mps2[:, -fade:] + share * other.acc_mps2[:, :fade]
        turn = self.course_deg[-1] - other.course_deg[0]
        return Ground(
            other.name,
            self.rate_hz,
            np.concatenate([self.acc_mps2[:, :-fade], blend, other.acc_mps2[:, fade:]], axis=1),
            np.concatenate([self.speed_mps[:-fade], other.speed_mps]),
            np.concatenate([self.course_deg[:-fade], other.course_deg + turn]),
        )


def real_ground(
    recording: Recording, duration_s: float, rate_hz: float, rng: np.random.Generator
) -> Ground | None:
    """A random stretch of a recording at another rate, its axes turned to the car's; None where it is too short.

    Gravity gives the vertical; the heading is unknown and taken at random. Without GPS the speed is taken to be
    constant, 40 to 100 km/h.
    """
    long_enough = [
        motion for motion in motions_of(recording) if motion.samples / motion.rate_hz > duration_s + 0.1
    ]
    if not long_enough:
        return None
    motion = max(long_enough, key=lambda each: each.samples)
    first_s = motion.uptime_s + rng.uniform(0.0, motion.samples / motion.rate_hz - duration_s - 0.1)
    read = motion.window(first_s, first_s + duration_s + 0.05).acc_mps2.astype(np.float64)
    level = levelled(resampled(read, motion.rate_hz, rate_hz)[:, : round(duration_s * rate_hz)])
    times_s = times_of(level.shape[1], rate_hz, first_s)
    known = np.isfinite(recording.gps_speed_mps)
    if known.any():
        speed = np.interp(times_s, recording.gps_t_s[known], recording.gps_speed_mps[known])
    else:
        speed = np.full(times_s.size, rng.uniform(40, 100) / 3.6)
    acc = turned_about_vertical(level, rng.uniform(0, 360))
    return Ground(recording.name, rate_hz, acc, speed, np.full(times_s.size, rng.uniform(0, 360)))


def levelled(acc_mps2: Signal) -> Signal:
    """Motion (3, n) turned the shortest way so that its median points up in car axes."""
    up = np.median(acc_mps2, axis=1)
    up /= np.linalg.norm(up)
    target = REST_IN_CAR / G_MPS2
    axis, cosine = np.cross(up, target), float(up @ target)
    if cosine < -0.999999:
        return np.diag([1.0, -1.0, -1.0]) @ acc_mps2
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return (np.eye(3) + cross + cross @ cross / (1 + cosine)) @ acc_mps2


def simulated_ground(
    duration_s: float, rate_hz: float, rng: np.random.Generator, *, rolling_at_s: float, kind: str = ""
) -> Ground:
    """A simulated car on one of the routes, or one of a kind of them, driving at the moment asked for."""
    route_id = str(rng.choice([each for each in route_ids() if kind in {"", load_route(each).kind}]))
    route, lap = load_route(route_id), drive_lap(route_id, int(rng.integers(STYLES)))
    phase_s = 0.0
    for _ in range(64):
        phase_s = rng.uniform(0.0, lap.duration_s)
        row = int(((phase_s + rolling_at_s) % lap.duration_s) / lap.duration_s * (lap.speed_mps.size - 1))
        if lap.speed_mps[row] > 25 / 3.6:
            break
    times_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    motion = RouteLeg(0.0, route, lap, phase_s=phase_s, around=True).at(times_s)
    body = np.column_stack(
        [
            motion.forward_mps2 + G_MPS2 * motion.grade,
            motion.right_mps2,
            np.full(times_s.size, -G_MPS2),
        ]
    )
    shaken = Vibration(np.random.default_rng(rng.integers(2**63)), rate_hz)
    body += shaken.block(times_s, motion.forward_mps, route.roughness, engine=True)
    return Ground(
        f"simulated_{route_id}",
        rate_hz,
        np.ascontiguousarray(body.T),
        motion.forward_mps,
        np.degrees(motion.heading_rad),
    )


def still_ground(
    duration_s: float, rate_hz: float, rng: np.random.Generator, *, name: str = "parked"
) -> Ground:
    """A parked car: gravity, and the sensor's own noise."""
    samples = round(duration_s * rate_hz)
    acc = REST_IN_CAR[:, None] + rng.normal(0, 0.03, (3, samples))
    return Ground(name, rate_hz, acc, np.zeros(samples), np.full(samples, rng.uniform(0, 360)))


def drawn(recordings: Sequence[Recording], rng: np.random.Generator) -> Recording:
    """One of them."""
    return recordings[int(rng.integers(len(recordings)))]
