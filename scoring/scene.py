"""One stretch of motion seen whole: its shocks, what the device and the car did around each, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.aftermath import LAG_S, Aftermath, aftermath, pairs_around
from scoring.clipping import clipped, rebuild_clipped
from scoring.completion import Extent, extent_of, hidden_most, needed
from scoring.filters import LOWPASS_ABOVE_HZ, LOWPASS_HZ, lowpass
from scoring.frames import Motion
from scoring.loose import FALL_WITHIN_S, FREE_FALL_S, Cause, free_falls, moved_by_itself
from scoring.measures import Measures, Shock, measure
from scoring.mount import Mount
from scoring.onset import event
from scoring.pulse import FLANK_S, Pulse, find_pulses
from scoring.reasons import Reason
from scoring.rest import angle_deg, rest_of
from scoring.score import Feature, confidence, features
from scoring.speed import SpeedTrack
from scoring.verdict import Circumstances, against, counted_kmh

Signal = NDArray[np.float64]

SETTLE_S: Final = 7.0
"""Where the device comes to rest within this after the shock decides about a rollover."""
FLIGHT_S: Final = 0.4
"""Cars that roll over fly for less than this, and a device falls as long from 0.8 m: off a windscreen to the floor."""
SWING_BEFORE_S: Final = 2.0
SWING_AFTER_S: Final = 4.0
SWING_MEAN_S: Final = 0.3
SWING_LEAST_G: Final = 0.75
SWING_MOST_G: Final = 1.2
"""Means over 0.3 s between these say which way is up; sliding at 0.7 g makes them longer."""
STILL_MOUNTED_DEG: Final = 15.0
"""A device turned further than this by the shock feels gravity where braking was: its motion explains no speed."""
BEFORE_S: Final = 0.25
MEASURED_S: Final = 1.0
"""A shock is measured from this long before its time zero to this long after."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A shock and what is known of it; `against` is what rules it out, None where nothing does.

    `direction_mps` is its velocity change in the car's axes, forward and right, None without a fitting
    mount, and `unplaced` says why.
    """

    pulse: Pulse
    against: Reason | None
    gps: Aftermath
    turned_deg: float
    free_fall_s: float
    direction_mps: tuple[float, float] | None
    unplaced: Reason | None
    extent: Extent
    gap: bool
    measures: Measures
    features: dict[Feature, float]
    start_s: float
    duration_s: float

    @property
    def confidence(self) -> float:
        """How sure a collision is, 0 to 1."""
        return confidence(self.features)

    @property
    def pdof_deg(self) -> float | None:
        """Where the force came from, degrees clockwise from the car's front."""
        if self.direction_mps is None:
            return None
        forward, right = self.direction_mps
        return float(np.degrees(np.arctan2(-right, -forward)) % 360)


class Scene:
    """Everything derived from one stretch once; `judged` are its shocks in order of time."""

    def __init__(
        self, motion: Motion, speed: SpeedTrack | None, mount: Mount | None, gravity: Signal | None
    ) -> None:
        self.motion = motion
        self._speed = speed
        self.mount = mount
        self._rate_hz = motion.rate_hz
        self._read = motion.acc_mps2.astype(np.float64)
        self._clips = clips = clipped(self._read, motion.clip_mps2)
        self._acc = lowpass(rebuild_clipped(self._read, motion.clip_mps2, self._rate_hz), self._rate_hz)
        self._falls = free_falls(self._acc, self._rate_hz)
        self.judged: list[Judged] = []
        last_fall_end: int | None = None
        for pulse in find_pulses(self._acc, np.any(clips, axis=0), self._rate_hz, gravity=gravity):
            cause = moved_by_itself(pulse, self._falls, last_fall_end, self._rate_hz)
            judged = self._judge(pulse, cause)
            if cause is Cause.DROPPED and judged.against is not None:
                last_fall_end = pulse.end
            self.judged.append(judged)

    @property
    def poor_sampling(self) -> tuple[Reason, ...]:
        """What about the sensor makes every figure unsure."""
        corner_hz, said = self.motion.lowpass_hz, list[Reason]()
        if self._rate_hz < 0.95 * 100:
            said.append(Reason.LOW_RATE)
        if corner_hz == 0:
            said.append(Reason.LOWPASS_UNKNOWN)
        elif self._rate_hz <= LOWPASS_ABOVE_HZ and corner_hz > 1.05 * LOWPASS_HZ:
            said.append(Reason.LOWPASS_HIGH)
        return tuple(said)

    def thrown_off(self, shock: Judged) -> bool:
        """Whether a fall in the seconds after a shock was the device's, off its mount, and not the car's.

        A car that rolls over may fly for a moment, and does not drive on.
        """
        if shock.gps.stopped:
            return False
        drove_on = shock.gps.after_kmh is not None
        least_s = FREE_FALL_S if drove_on else FLIGHT_S
        end, reach = shock.pulse.end, SETTLE_S * self._rate_hz
        return any(
            end <= first <= end + reach and after - first >= least_s * self._rate_hz
            for first, after in self._falls
        )

    def turned_deg(self, pulse: Pulse, after: int) -> float:
        """How far the device leans, where it last rests for a second, from how it did before a shock."""
        rate_hz = self._rate_hz
        second, step = round(rate_hz), max(1, round(0.1 * rate_hz))
        stop = min(self._acc.shape[1], after + round(SETTLE_S * rate_hz))
        for first in range(stop - second, after, -step):
            rest = rest_of(self._acc[:, first : first + second])
            if rest is not None:
                return angle_deg(rest, pulse.up)
        return 0.0

    def swung_deg(self, pulse: Pulse) -> float:
        """How far the device leaned at most in the seconds around a shock, while it felt about 1 g."""
        width = max(1, round(SWING_MEAN_S * self._rate_hz))
        low = max(0, pulse.start - round(SWING_BEFORE_S * self._rate_hz))
        high = min(self._acc.shape[1], pulse.end + round(SWING_AFTER_S * self._rate_hz))
        if high - low < width:
            return 0.0
        sums = np.cumsum(np.pad(self._acc[:, low:high], ((0, 0), (1, 0))), axis=1)
        means = (sums[:, width:] - sums[:, :-width]) / width
        first: NDArray[np.intp] = np.arange(low, high - width + 1, dtype=np.intp)
        clear: NDArray[np.bool_] = (first + width <= pulse.start) | (first >= pulse.end + width)
        length = np.linalg.norm(means, axis=0) / G_MPS2
        usable = means[:, clear & (length > SWING_LEAST_G) & (length < SWING_MOST_G)]
        if usable.shape[1] == 0:
            return 0.0
        cosine = (pulse.up @ usable) / np.linalg.norm(usable, axis=0)
        return float(np.degrees(np.arccos(np.clip(cosine.min(), -1.0, 1.0))))

    def _judge(self, pulse: Pulse, cause: Cause | None) -> Judged:
        start_s, end_s = self.motion.time_at(pulse.start), self.motion.time_at(pulse.end)
        gps = aftermath(self._speed, start_s, end_s)
        turned_deg, swung_deg = self.turned_deg(pulse, pulse.end), self.swung_deg(pulse)
        free_fall_s = self._fall_before_s(pulse)
        direction, unplaced = self._direction(pulse)
        along = None if direction is None else -direction[0] / max(float(np.hypot(*direction)), 1e-6)
        shock = self._shock(pulse)
        measures = measure(shock)
        gap = any(first < end_s + 0.1 and last > start_s - 1.0 for first, last in self.motion.gaps)
        extent = extent_of(
            counted_kmh(pulse),
            hidden_kmh=self._hidden_kmh(pulse),
            needed_kmh=self._needed_kmh(pulse, turned_deg),
            poor_sampling=bool(self.poor_sampling),
            gap=gap,
        )
        return Judged(
            pulse=pulse,
            against=against(pulse, Circumstances(cause, turned_deg, swung_deg, gps, along)),
            gps=gps,
            turned_deg=turned_deg,
            free_fall_s=free_fall_s,
            direction_mps=direction,
            unplaced=unplaced,
            extent=extent,
            gap=gap,
            measures=measures,
            features=features(pulse, measures, gps, swung_deg=swung_deg, free_fall_s=free_fall_s),
            start_s=start_s,
            duration_s=(shock.end - shock.start) / self._rate_hz,
        )

    def _direction(self, pulse: Pulse) -> tuple[tuple[float, float] | None, Reason | None]:
        if self.mount is None:
            return None, Reason.NO_MOUNT
        if not self.mount.fits(pulse.up):
            return None, Reason.MOUNT_CHANGED
        forward, right, _ = (self.mount.rotation @ pulse.delta_v_mps).tolist()
        return (forward, right), None

    def _hidden_kmh(self, pulse: Pulse) -> float:
        if not pulse.clipped:
            return 0.0
        flank = round(FLANK_S * self._rate_hz)
        within = self._clips[:, max(0, pulse.start - flank) : pulse.end + flank]
        return hidden_most(np.count_nonzero(within, axis=1), self.motion.clip_mps2, self._rate_hz)

    def _needed_kmh(self, pulse: Pulse, turned_deg: float) -> float | None:
        """The velocity change that GPS needs, the least over every lag it may have; None where not known."""
        if self._speed is None or not pulse.clipped or turned_deg > STILL_MOUNTED_DEG:
            return None
        start_s, end_s = self.motion.time_at(pulse.start), self.motion.time_at(pulse.end)
        axes = self._axes(pulse)
        heading = np.array([1.0, 0.0]) if self.mount is not None and self.mount.fits(pulse.up) else None
        force = (axes @ pulse.delta_v_mps)[:2]
        found: list[float] = []
        for from_s, to_s, before, after in pairs_around(self._speed, start_s):
            explaining = [
                needed(
                    before, after, force, self._outside(pulse, axes, from_s - lag_s, to_s - lag_s), heading
                )
                for lag_s in np.arange(0.0, LAG_S + 0.01, 0.25)
                if from_s - lag_s <= start_s and to_s - lag_s >= end_s
            ]
            if explaining:
                found.append(min(explaining))
        return 3.6 * max(found) if found else None

    def _outside(self, pulse: Pulse, axes: Signal, from_s: float, to_s: float) -> Signal:
        """What changed the velocity besides a shock between two moments, horizontally (2,), m/s."""
        first = max(0, self.motion.index_at(from_s))
        last = min(self._acc.shape[1], self.motion.index_at(to_s))
        dynamic = (axes @ self._acc[:, first:last])[:2]
        flank = round(FLANK_S * self._rate_hz) // 2
        dynamic[:, max(0, pulse.start - flank - first) : max(0, pulse.end + flank - first)] = 0.0
        outside: Signal = dynamic.sum(axis=1) / self._rate_hz
        return outside

    def _fall_before_s(self, pulse: Pulse) -> float:
        reach = pulse.start - FALL_WITHIN_S * self._rate_hz
        return max(
            (
                (after - first) / self._rate_hz
                for first, after in self._falls
                if first < pulse.start and after >= reach
            ),
            default=0.0,
        )

    def _shock(self, pulse: Pulse) -> Shock:
        """The motion around a shock in its own axes, or the car's where they are known."""
        rate_hz = self._rate_hz
        begin = max(0, pulse.start - round(BEFORE_S * rate_hz))
        stop = min(self._acc.shape[1], pulse.start + round(MEASURED_S * rate_hz))
        axes = self._axes(pulse)
        smooth = axes @ (self._acc[:, begin:stop] - pulse.bias[:, None])
        read = axes @ (self._read[:, begin:stop] - pulse.bias[:, None])
        first, last = pulse.start - begin, min(pulse.end, stop) - begin
        bounds = event(smooth[:2, first:last], rate_hz)
        start, end = (first + bounds[0], first + bounds[1]) if bounds is not None else (first, last)
        return Shock(
            read_mps2=read,
            smooth_mps2=smooth,
            start=start,
            end=max(end, start + 1),
            rate_hz=rate_hz,
            delta_v_mps=pulse.delta_v_kmh / 3.6,
            vertical_mps=pulse.vertical_mps,
            in_car_axes=self.mount is not None and self.mount.fits(pulse.up),
        )

    def _axes(self, pulse: Pulse) -> Signal:
        """Rows forward, right, up of the car; without a mount along the delta-V, across it, up."""
        if self.mount is not None and self.mount.fits(pulse.up):
            forward, right, down = self.mount.rotation
            return np.stack([forward, right, -down])
        size = float(np.linalg.norm(pulse.delta_v_mps))
        along = pulse.delta_v_mps / size if size > 0 else _some_horizontal(pulse.up)
        return np.stack([along, np.cross(pulse.up, along), pulse.up])


def _some_horizontal(up: Signal) -> Signal:
    across: Signal = np.cross(up, np.eye(3, dtype=np.float64)[np.argmin(np.abs(up))]).astype(np.float64)
    return across / float(np.linalg.norm(across))
