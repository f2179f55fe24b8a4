"""From a stretch of motion to impacts: how hard, from where, and how sure.

The one entry is `analyse`. It is called again with more motion as it arrives; the same impact
then keeps its time zero, and gains what could not be known before: its end, whether the car came
to rest on its side, whether another shock followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.impact import Impact, Position, Severity, severity_of
from scoring.clipping import clipped, rebuild_clipped
from scoring.filters import LOWPASS_ABOVE_HZ, LOWPASS_HZ, lowpass
from scoring.frames import Motion
from scoring.loose import CARRIED_G, Cause, free_falls, moved_by_itself
from scoring.mount import Mount
from scoring.pulse import TILTED_DEG, Pulse, find_pulses
from scoring.reasons import Reason
from scoring.rest import angle_deg, rest_of
from scoring.speed import SpeedTrack

Signal = NDArray[np.float64]

CONTEXT_BEFORE_S: Final = 10.0
CONTEXT_AFTER_S: Final = 9.0
"""Motion this long before and after a moment is looked at, and no more: give that much where it exists."""
NEAR_S: Final = 1.5
"""An impact belongs to the moment asked about when it lies this close to it."""
SAME_IMPACT_S: Final = 1.0
"""Shocks of one device within this are one impact."""
SEQUENCE_S: Final = 5.0
"""Impacts that begin within this are one multi-event crash (49 CFR 563.5)."""
SETTLE_S: Final = 7.0
"""Where the device comes to rest within this after the shock decides about a rollover."""
ROLLOVER_DEG: Final = 60.0
FRICTION_KMH: Final = 5.3
"""Tyres give about 1 g: brakes and steering change the velocity by this much in 150 ms at most."""
BRAKING_KMH: Final = 7.0
BRAKING_PULL_G: Final = 1.6
"""A shock that stays below both is braking or steering on a road that shakes, however long it lasts: a swerve
on record peaked at 1.2 g, while a collision of 8 km/h that takes as long as 0.2 s peaks at 1.8 g."""
KNOCK_KMH: Final = 4.0
LIGHT_KMH: Final = 8.0
ROAD_RATIO: Final = 2.0
SPIKE_SHARE: Final = 0.8
"""One sample holding this share of a velocity change is an error: a collision takes 50 ms and more."""
STANDING_KMH: Final = 5.0
UNCHANGED_KMH: Final = 3.0


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one shock, or several within a second, did to the car.

    `uptime_s` is time zero. `delta_v_kmh` is the largest horizontal velocity change of a single
    shock and `delta_v_xyz_kmh` the same as a vector in device axes; `total_delta_v_kmh` adds the
    vectors of all its shocks. `delta_v_is_lower_bound` says the sensor clipped (the figure is then an
    estimate that leans low). `pdof_deg` is where the force came from, clockwise from the car's front,
    None without a fitting mount. `complete` says the shock's end was seen; `final` that nothing
    later can change the finding. Severity is NONE where `reasons` speak against an impact.
    """

    uptime_s: float
    severity: Severity
    delta_v_kmh: float
    delta_v_is_lower_bound: bool
    delta_v_xyz_kmh: tuple[float, float, float]
    total_delta_v_kmh: float
    pdof_deg: float | None
    peak_g: float
    duration_ms: float
    rollover: bool
    multiple: bool
    reasons: tuple[str, ...]
    gap: bool
    complete: bool
    final: bool
    speed_before_kmh: float | None = None

    def to_impact(self, at: datetime, *, position: Position | None = None, late: bool = False) -> Impact:
        """The finding as the rest of the system knows it; `at` is the wall time of time zero."""
        return Impact(
            at=at,
            severity=self.severity,
            delta_v_kmh=self.delta_v_kmh,
            peak_g=self.peak_g,
            duration_ms=self.duration_ms,
            delta_v_is_lower_bound=self.delta_v_is_lower_bound,
            pdof_deg=self.pdof_deg,
            rollover=self.rollover,
            multiple=self.multiple,
            reasons=self.reasons,
            position=position,
            speed_before_kmh=self.speed_before_kmh,
            late=late,
        )


def analyse(
    motion: Motion,
    around_uptime_s: float | None = None,
    *,
    speed: SpeedTrack | None = None,
    mount: Mount | None = None,
    gravity_mps2: Sequence[float] | None = None,
) -> tuple[Analysis, ...]:
    """The impacts of a stretch, in order of time.

    With `around_uptime_s`, those within 1.5 s of it, judged from at most 10 s before to 9 s after it;
    where there is none, the strongest shock near it comes back with severity NONE and the reasons.
    Without, all impacts of the stretch, and every strong shock that was ruled out. `gravity_mps2` is a
    remembered gravity vector (3), used where the stretch holds too little of the time before. An
    empty or very short stretch gives an empty tuple.
    """
    if around_uptime_s is not None:
        motion = motion.window(around_uptime_s - CONTEXT_BEFORE_S, around_uptime_s + CONTEXT_AFTER_S)
    if motion.samples < 3:
        return ()
    scene = _Scene(
        motion, speed, mount, None if gravity_mps2 is None else np.asarray(gravity_mps2, dtype=np.float64)
    )
    impacts = scene.impacts()
    if around_uptime_s is None:
        return tuple(sorted([*impacts, *scene.ruled_out()], key=lambda found: found.uptime_s))
    near = tuple(
        found
        for found in impacts
        if found.uptime_s - NEAR_S <= around_uptime_s <= found.uptime_s + found.duration_ms / 1000 + NEAR_S
    )
    if near:
        return near
    rejected = [
        found
        for found in scene.ruled_out(all_of_them=True)
        if abs(found.uptime_s - around_uptime_s) <= NEAR_S
    ]
    return (max(rejected, key=lambda found: (found.delta_v_kmh, found.peak_g)),) if rejected else ()


class _Scene:
    """Everything derived from one stretch once: filtered motion, shocks, and what speaks against each."""

    def __init__(
        self, motion: Motion, speed: SpeedTrack | None, mount: Mount | None, gravity: Signal | None
    ) -> None:
        self._motion = motion
        self._speed = speed
        self._mount = mount
        self._rate_hz = motion.rate_hz
        read = motion.acc_mps2.astype(np.float64)
        self._acc = lowpass(rebuild_clipped(read, motion.clip_mps2, self._rate_hz), self._rate_hz)
        pulses = find_pulses(
            self._acc, np.any(clipped(read, motion.clip_mps2), axis=0), self._rate_hz, gravity=gravity
        )
        falls = free_falls(self._acc, self._rate_hz)
        self._falls = falls
        self._judged: list[tuple[Pulse, Reason | None]] = []
        last_fall_end: int | None = None
        for pulse in pulses:
            cause = moved_by_itself(pulse, falls, last_fall_end, self._rate_hz)
            if cause is Cause.DROPPED:
                last_fall_end = pulse.end
            self._judged.append((pulse, _CAUSES[cause] if cause is not None else self._against(pulse)))

    def impacts(self) -> list[Analysis]:
        """Shocks that count, those within a second of the first taken together."""
        groups: list[list[Pulse]] = []
        for pulse, against in self._judged:
            if against is not None:
                continue
            if groups and pulse.start - groups[-1][0].start < SAME_IMPACT_S * self._rate_hz:
                groups[-1].append(pulse)
            else:
                groups.append([pulse])
        starts = [group[0].start for group in groups]
        reach = SEQUENCE_S * self._rate_hz
        return [
            self._impact(
                group,
                any(other != group[0].start and abs(other - group[0].start) <= reach for other in starts),
            )
            for group in groups
        ]

    def ruled_out(self, *, all_of_them: bool = False) -> list[Analysis]:
        """Shocks that do not count, with the reason; by default those as strong as a knock in any direction."""
        return [
            self._finding(pulse, (against,), Severity.NONE)
            for pulse, against in self._judged
            if against is not None
            and (all_of_them or max(pulse.delta_v_kmh, 3.6 * pulse.vertical_mps) >= KNOCK_KMH)
        ]

    def _against(self, pulse: Pulse) -> Reason | None:
        if pulse.largest_step >= SPIKE_SHARE:
            return Reason.SPIKE
        delta_v_kmh = _counted_kmh(pulse)
        if 3.6 * pulse.vertical_mps > ROAD_RATIO * delta_v_kmh and delta_v_kmh < LIGHT_KMH:
            return Reason.ROAD
        if delta_v_kmh < KNOCK_KMH:
            return Reason.BRAKING if pulse.delta_v_kmh >= KNOCK_KMH else Reason.WEAK
        if pulse.dv150_kmh < BRAKING_KMH and pulse.pull_g < BRAKING_PULL_G:
            return Reason.BRAKING
        if pulse.peak_g < CARRIED_G and self._turned_deg(pulse, pulse.end) >= TILTED_DEG:
            return Reason.CARRIED
        return None

    def _turned_deg(self, pulse: Pulse, after: int) -> float:
        """How far the device leans, where it last rests for a second, from how it did before a shock."""
        rate_hz = self._rate_hz
        second, step = round(rate_hz), max(1, round(0.1 * rate_hz))
        stop = min(self._acc.shape[1], after + round(SETTLE_S * rate_hz))
        for first in range(stop - second, after, -step):
            rest = rest_of(self._acc[:, first : first + second])
            if rest is not None:
                return angle_deg(rest, pulse.up)
        return 0.0

    def _impact(self, group: list[Pulse], in_sequence: bool) -> Analysis:
        strongest = max(group, key=_counted_kmh)
        last = max(pulse.end for pulse in group)
        multiple = in_sequence or len(group) > 1
        turned_deg = self._turned_deg(group[0], last)
        fell = any(last <= first <= last + SETTLE_S * self._rate_hz for first, _ in self._falls)
        hard = _counted_kmh(strongest) >= LIGHT_KMH or len(group) > 1
        rollover = turned_deg > ROLLOVER_DEG and hard and not fell
        said = [Reason.VELOCITY_CHANGE]
        if multiple:
            said.append(Reason.MULTIPLE)
        if rollover:
            said.append(Reason.ROLLOVER)
        elif turned_deg >= TILTED_DEG:
            said.append(Reason.TURNED)
        severity = severity_of(_counted_kmh(strongest), rollover=rollover)
        return self._finding(
            strongest, tuple(said), severity, group=group, multiple=multiple, rollover=rollover
        )

    def _finding(
        self,
        pulse: Pulse,
        said: tuple[Reason, ...],
        severity: Severity,
        *,
        group: Sequence[Pulse] = (),
        multiple: bool = False,
        rollover: bool = False,
    ) -> Analysis:
        group = group or (pulse,)
        at_s = self._motion.time_at(group[0].start)
        ended_s = self._motion.time_at(group[-1].end)
        gap = any(start < ended_s + 0.1 and end > at_s - 1.0 for start, end in self._motion.gaps)
        lower_bound = any(other.clipped for other in group)
        complete = all(other.ended for other in group)
        direction, pdof_deg = self._direction(pulse)
        before_kmh = self._speed.speed_before_kmh(at_s - 0.2) if self._speed is not None else None
        said = (
            *said,
            *((Reason.CLIPPED,) if lower_bound else ()),
            *((Reason.GAP,) if gap else ()),
            *(() if complete else (Reason.NOT_ENDED,)),
            *direction,
            *self._sampling(),
            *self._speeds(before_kmh, ended_s),
        )
        scale = 3.6 * _counted_kmh(pulse) / pulse.delta_v_kmh if pulse.delta_v_kmh > 0 else 0.0
        x, y, z = (scale * pulse.delta_v_mps).tolist()
        total = np.sum([other.delta_v_mps for other in group], axis=0)
        return Analysis(
            uptime_s=at_s,
            severity=severity,
            delta_v_kmh=_counted_kmh(pulse),
            delta_v_is_lower_bound=lower_bound,
            delta_v_xyz_kmh=(x, y, z),
            total_delta_v_kmh=float(np.linalg.norm(total)) * 3.6,
            pdof_deg=pdof_deg,
            peak_g=max(other.peak_g for other in group),
            duration_ms=(pulse.end - pulse.start) / self._rate_hz * 1000,
            rollover=rollover,
            multiple=multiple,
            reasons=tuple(str(reason) for reason in said),
            gap=gap,
            complete=complete,
            final=self._motion.end_s >= at_s + SETTLE_S,
            speed_before_kmh=before_kmh,
        )

    def _direction(self, pulse: Pulse) -> tuple[tuple[Reason, ...], float | None]:
        if self._mount is None:
            return (Reason.NO_MOUNT,), None
        if not self._mount.fits(pulse.up):
            return (Reason.MOUNT_CHANGED,), None
        forward, right, _ = (self._mount.rotation @ pulse.delta_v_mps).tolist()
        return (), float(np.degrees(np.arctan2(-right, -forward)) % 360)

    def _sampling(self) -> tuple[Reason, ...]:
        corner_hz, rate_hz = self._motion.lowpass_hz, self._rate_hz
        said: list[Reason] = []
        if rate_hz < 0.95 * 100:
            said.append(Reason.LOW_RATE)
        if corner_hz == 0:
            said.append(Reason.LOWPASS_UNKNOWN)
        elif rate_hz <= LOWPASS_ABOVE_HZ and corner_hz > 1.05 * LOWPASS_HZ:
            said.append(Reason.LOWPASS_HIGH)
        return tuple(said)

    def _speeds(self, before_kmh: float | None, ended_s: float) -> tuple[Reason, ...]:
        if self._speed is None or before_kmh is None:
            return ()
        if before_kmh < STANDING_KMH:
            return (Reason.PARKED,)
        after_kmh = self._speed.speed_after_kmh(ended_s + SEQUENCE_S)
        if after_kmh is None:
            return ()
        if after_kmh < STANDING_KMH:
            return (Reason.STOPPED_AFTER,)
        return (Reason.SPEED_UNCHANGED,) if abs(after_kmh - before_kmh) < UNCHANGED_KMH else ()


_CAUSES: Final = {Cause.DROPPED: Reason.DROPPED, Cause.THROWN: Reason.THROWN, Cause.LOOSE: Reason.LOOSE}


def _counted_kmh(pulse: Pulse) -> float:
    """The velocity change that counts: below what tyres can do, only that of the strongest 150 ms."""
    return pulse.delta_v_kmh if pulse.dv150_kmh > FRICTION_KMH else min(pulse.delta_v_kmh, pulse.dv150_kmh)
