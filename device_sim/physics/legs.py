"""Stretches of a car's motion: around the route, coming to a stop, driving off, sliding after a crash."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Protocol

import numpy as np

from device_sim.physics.pulses import Pulse
from device_sim.physics.routes import Route
from device_sim.physics.speed_profile import TICK_S, Lap
from schemas.recording import Floats

SLIDING_MPS2: Final = 5.5
"""Deceleration of a car sliding or braking hard after a crash: about 0.56 g on dry asphalt."""
_STOPPING_MPS2: Final = 2.8
_DRIVING_OFF_MPS2: Final = 1.4


@dataclass(frozen=True, slots=True, eq=False)
class Kinematics:
    """A car's motion at some moments, all (n,).

    `forward_mps`/`right_mps` are the velocity and `forward_mps2`/`right_mps2` the
    acceleration in the car's axes (without a crash pulse's own); `heading_rad` is where the
    car's front points, clockwise from north; east and north are the route's metres.
    """

    forward_mps: Floats
    right_mps: Floats
    forward_mps2: Floats
    right_mps2: Floats
    east_m: Floats
    north_m: Floats
    heading_rad: Floats
    grade: Floats


def joined(parts: list[Kinematics]) -> Kinematics:
    """The motion of one stretch after another."""
    if len(parts) == 1:
        return parts[0]
    return Kinematics(
        *(np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(Kinematics))
    )


class Leg(Protocol):
    """Motion from `start_s` on, for ever: the last leg of a car holds until another begins."""

    @property
    def start_s(self) -> float:
        """When it begins, in seconds from the car's start."""
        ...

    def at(self, times_s: Floats) -> Kinematics:
        """The motion at times not before `start_s`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RouteLeg:
    """Along the route by a table of distance, speed and acceleration every `TICK_S`.

    A table that goes around ends where it began; another holds its last row.
    """

    start_s: float
    route: Route
    table: Lap
    phase_s: float = 0.0
    around: bool = False

    def at(self, times_s: Floats) -> Kinematics:
        """The motion at times not before `start_s`."""
        route, rows = self.route, self._rows(times_s)
        along = _row(self.table.along_m, rows)
        speed = _row(self.table.speed_mps, rows)
        heading = route.sample(route.heading_rad, along)
        return Kinematics(
            forward_mps=speed,
            right_mps=np.zeros_like(speed),
            forward_mps2=_row(self.table.along_mps2, rows),
            right_mps2=speed**2 * route.sample(route.curvature_per_m, along),
            east_m=route.sample(route.east_m, along),
            north_m=route.sample(route.north_m, along),
            heading_rad=heading,
            grade=route.sample(route.grade, along),
        )

    def along_at(self, at_s: float) -> float:
        """Distance along the route in metres."""
        return float(_row(self.table.along_m, self._rows(np.asarray([at_s])))[0])

    def _rows(self, times_s: Floats) -> Floats:
        elapsed_s = times_s - self.start_s + self.phase_s
        if self.around:
            return np.mod(elapsed_s, self.table.duration_s) / TICK_S
        return np.clip(elapsed_s / TICK_S, 0.0, self.table.along_m.size - 1)


@dataclass(frozen=True, slots=True, eq=False)
class SlideLeg:
    """Struck by a pulse, then sliding straight on to rest; `before` is the motion at time zero."""

    start_s: float
    pulse: Pulse
    before: Kinematics

    def at(self, times_s: Floats) -> Kinematics:
        """The motion at times not before `start_s`."""
        first = self.before
        hit = self.pulse.delta_v_mps
        start = np.asarray([first.forward_mps[0], first.right_mps[0]])
        after = start + hit
        speed_after = float(np.hypot(*after))
        duration_s = self.pulse.duration_ms / 1000.0
        elapsed = times_s - self.start_s
        within = elapsed < duration_s
        slides_s = speed_after / SLIDING_MPS2
        slid_s = np.clip(elapsed - duration_s, 0.0, slides_s)
        left: Floats = 1.0 - SLIDING_MPS2 * slid_s / max(speed_after, 1e-9)
        struck = self.pulse.share_at(elapsed)
        velocity = np.where(
            within[:, np.newaxis], start + struck[:, np.newaxis] * hit, left[:, np.newaxis] * after
        )
        sliding = (~within & (elapsed - duration_s < slides_s))[:, np.newaxis]
        slowing = np.where(sliding, -after / max(speed_after, 1e-9) * SLIDING_MPS2, 0.0)
        path_s = np.minimum(elapsed, duration_s)[:, np.newaxis] * (start + after) / 2
        path_s = path_s + (slid_s * (1.0 + left) / 2)[:, np.newaxis] * after
        sin, cos = float(np.sin(first.heading_rad[0])), float(np.cos(first.heading_rad[0]))
        return Kinematics(
            forward_mps=velocity[:, 0],
            right_mps=velocity[:, 1],
            forward_mps2=slowing[:, 0],
            right_mps2=slowing[:, 1],
            east_m=first.east_m[0] + path_s[:, 0] * sin + path_s[:, 1] * cos,
            north_m=first.north_m[0] + path_s[:, 0] * cos - path_s[:, 1] * sin,
            heading_rad=np.full_like(elapsed, first.heading_rad[0]),
            grade=np.full_like(elapsed, first.grade[0]),
        )


def stopping(leg: RouteLeg, at_s: float) -> RouteLeg:
    """From the speed of the moment to a stand, along the route."""
    speed = float(leg.at(np.asarray([at_s])).forward_mps[0])
    ticks = np.arange(0.0, speed / _STOPPING_MPS2 + 2 * TICK_S, TICK_S)
    velocity = np.maximum(speed - _STOPPING_MPS2 * ticks, 0.0)
    return RouteLeg(at_s, leg.route, _table(leg.along_at(at_s), velocity))


def driving_off(leg: RouteLeg, at_s: float, lap: Lap) -> tuple[RouteLeg, RouteLeg]:
    """From a stand on the route up to the lap's own speed there, and the lap from that place on."""
    route = leg.route
    start_m = leg.along_at(at_s)
    along = start_m
    velocity = [0.0]
    while velocity[-1] < np.interp(along % route.length_m, lap.along_m, lap.speed_mps):
        velocity.append(velocity[-1] + _DRIVING_OFF_MPS2 * TICK_S)
        along += (velocity[-1] + velocity[-2]) / 2 * TICK_S
    table = _table(start_m, np.asarray(velocity))
    # The lap is entered at the tick whose distance is reached, after any wait at that place.
    row = int(np.searchsorted(lap.along_m, along % route.length_m, side="right")) - 1
    joined_s = at_s + (len(velocity) - 1) * TICK_S
    return (
        RouteLeg(at_s, route, table),
        RouteLeg(joined_s, route, lap, phase_s=row * TICK_S, around=True),
    )


def _table(start_m: float, velocity: Floats) -> Lap:
    driven: Floats = np.concatenate([[0.0], np.cumsum((velocity[:-1] + velocity[1:]) * TICK_S / 2)])
    # The last row is held, and a car at rest does not go on slowing down.
    slope = np.append(np.diff(velocity) / TICK_S, 0.0)
    return Lap(start_m + driven, velocity, slope)


def _row(values: Floats, rows: Floats) -> Floats:
    """Linear interpolation between rows; faster than a search on a table this long."""
    below = (
        np.minimum(rows.astype(np.int64), values.size - 2) if values.size > 1 else np.zeros(rows.size, int)
    )
    if values.size == 1:
        return np.full(rows.size, values[0])
    share = rows - below
    return values[below] * (1.0 - share) + values[below + 1] * share
