"""A simulated car with a motion sensor somewhere in it: what it measures as it drives and crashes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from device_sim.physics.drop import Drop, random_drop, sampled_drop
from device_sim.physics.gps import GpsFix, GpsReceiver
from device_sim.physics.legs import Kinematics, Leg, RouteLeg, SlideLeg, driving_off, joined, stopping
from device_sim.physics.pulses import Pulse, sampled_pothole, sampled_pulse
from device_sim.physics.rollover import Roll, Rollover
from device_sim.physics.routes import Route, load_route
from device_sim.physics.sensor import Counts, Sensor
from device_sim.physics.shocks import Fall, Shock, Shocks
from device_sim.physics.speed_profile import STYLES, TICK_S, Lap, drive_lap
from device_sim.physics.vibration import Vibration
from schemas.recording import G_MPS2, Floats

_WRECKED_KMH: Final = 15.0
_BIAS_MPS2: Final = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Measured motion: counts (n, 3) in device axes from `start_s` on, and the fixes within."""

    start_s: float
    rate_hz: float
    counts: Counts
    fixes: tuple[GpsFix, ...]


class Car:
    """Drives a route, round and round; the same seed drives the same way.

    Time is in seconds from the start and only moves in `drive`. `rolling_at_s` picks the
    place of starting so that the car is driving at that moment, for a scripted crash.
    `gps_lag_s` is as for `GpsReceiver`, None for a receiver that finds nothing.
    Raises RouteError for an unknown route.
    """

    def __init__(
        self,
        route_id: str,
        seed: int,
        sensor: Sensor | None = None,
        *,
        rolling_at_s: float | None = None,
        gps_lag_s: int | None = 0,
    ) -> None:
        self.route: Route = load_route(route_id)
        self.sensor = sensor or Sensor()
        chance, self._shaking, placing, self._road, self._falling = (
            np.random.default_rng([seed, purpose]) for purpose in range(5)
        )
        self._lap = drive_lap(route_id, seed % STYLES)
        phase_s = _starting_phase(self._lap, chance, rolling_at_s)
        self._legs: list[Leg] = [RouteLeg(0.0, self.route, self._lap, phase_s=phase_s, around=True)]
        self._mount = random_rotation(chance)
        self._bias: Floats = chance.uniform(-_BIAS_MPS2, _BIAS_MPS2, 3)
        self._vibration = Vibration(self._shaking, self.sensor.rate_hz)
        self._shocks = Shocks()
        self._fall: Fall | None = None
        self._roll: Roll | None = None
        self._origin_s = 0.0  # time of sample 0 at the present rate
        self._samples = 0
        self._struck_until_s = 0.0
        self._wrecked_from_s = math.inf
        self._odometer_m = 0.0
        self._pothole_m = self._to_next_pothole_m()
        course_deg = math.degrees(float(self._motion(np.asarray([0.0])).heading_rad[0])) % 360.0
        self._receiver = (
            None if gps_lag_s is None else GpsReceiver(self.route, placing, course_deg, lag_s=gps_lag_s)
        )

    @property
    def time_s(self) -> float:
        """How far the car has driven: the time of the next sample."""
        return self._sample_s(self._samples)

    @property
    def speed_mps(self) -> float:
        """Speed over ground now."""
        now = self._motion(np.asarray([self.time_s]))
        return float(np.hypot(now.forward_mps[0], now.right_mps[0]))

    @property
    def position(self) -> tuple[float, float]:
        """True latitude and longitude now, in degrees."""
        now = self._motion(np.asarray([self.time_s]))
        return self.route.lat_lon(float(now.east_m[0]), float(now.north_m[0]))

    @property
    def wrecked(self) -> bool:
        """True after a crash hard enough that the car no longer drives."""
        return self.time_s >= self._wrecked_from_s

    def crash(self, at_s: float, pulse: Pulse, *, drives_on: bool = False) -> None:
        """Strike the car: its speed changes by the pulse, then it slides to a stop, unless it `drives_on`.

        Raises ValueError for a moment already driven, or within another pulse.
        """
        self._not_past(at_s)
        if at_s < self._struck_until_s:
            raise ValueError(f"the car is being struck until {self._struck_until_s:.3f} s already")
        if not drives_on:
            self._begin(SlideLeg(at_s, pulse, self._leg_at(at_s).at(np.asarray([at_s]))))
        self._struck_until_s = at_s + pulse.duration_ms / 1000.0
        if pulse.delta_v_kmh >= _WRECKED_KMH and not drives_on:
            self._wrecked_from_s = min(at_s, self._wrecked_from_s)
        first = self._first_sample_from(at_s)
        shock = sampled_pulse(
            pulse, self._sample_s(first) - at_s, self.sensor.rate_hz, self.sensor.lowpass_hz
        )
        self._shocks.add(Shock(first, shock))

    def roll_over(self, at_s: float, rollover: Rollover) -> None:
        """Strike the car so that it turns over as it slides, and lies as it comes to rest.

        Raises ValueError as `crash` does, and for a car that has turned over already.
        """
        if self._roll is not None:
            raise ValueError("the car has turned over already")
        self.crash(at_s, rollover.pulse)
        self._wrecked_from_s = min(at_s, self._wrecked_from_s)
        self._roll = Roll(at_s, rollover)
        for contact in rollover.contacts():
            begins_s = at_s + contact.after_s
            first = self._first_sample_from(begins_s)
            blow = contact.sampled(
                self._sample_s(first) - begins_s, self.sensor.rate_hz, self.sensor.lowpass_hz
            )
            self._shocks.add(Shock(first, blow))

    def pothole(self, at_s: float, peak_g: float = 1.2) -> None:
        """Drive through a pothole. Raises ValueError for a moment already driven or a peak outside 0.05-4 g."""
        self._not_past(at_s)
        speed = float(np.hypot(*self._velocity(at_s)))
        first = self._first_sample_from(at_s)
        burst = sampled_pothole(
            speed, peak_g, self._sample_s(first) - at_s, self.sensor.rate_hz, self.sensor.lowpass_hz
        )
        self._shocks.add(Shock(first, burst))

    def drop(self, at_s: float, drop: Drop | None = None) -> Drop:
        """Let the device fall from its holder; it then lies some other way. Without a drop, a random one.

        Raises ValueError for a moment already driven, or while it is still falling.
        """
        self._not_past(at_s)
        if self._fall is not None:
            raise ValueError("the device is falling already")
        drop = drop or random_drop(self._falling)
        mount = random_rotation(self._falling)
        gravity = np.asarray([0.0, 0.0, -G_MPS2])
        falling = sampled_drop(
            drop,
            self._falling,
            before_mps2=self._mount @ gravity + self._bias,
            after_mps2=mount @ gravity + self._bias,
            rate_hz=self.sensor.rate_hz,
            lowpass_hz=self.sensor.lowpass_hz,
        )
        self._fall = Fall(Shock(self._first_sample_from(at_s), falling), mount)
        return drop

    def stop(self, at_s: float) -> None:
        """Brake gently to a stand and stay. Raises ValueError when the car has left its route."""
        self._begin(stopping(self._on_route(at_s), at_s))

    def drive_on(self, at_s: float) -> None:
        """Drive off again after a stop. Raises ValueError when the car is moving or wrecked."""
        leg = self._on_route(at_s)
        if abs(self._velocity(at_s)[0]) > 0.1 or leg.around:
            raise ValueError("the car has not been stopped")
        for part in driving_off(leg, at_s, self._lap):
            self._begin(part)

    def set_rate(self, rate_hz: float) -> None:
        """Sample at another rate from now on; a shock under way is cut short."""
        now_s = self.time_s
        self.sensor = replace(self.sensor, rate_hz=rate_hz)
        if self._fall is not None:
            self._mount, self._fall = self._fall.mount, None
        self._shocks = Shocks()
        self._vibration = Vibration(self._shaking, rate_hz)
        self._origin_s, self._samples = now_s, 0

    def drive(self, samples: int) -> Stretch:
        """Go on by so many samples and say what was measured; the cut into calls changes nothing."""
        first, start_s = self._samples, self.time_s
        times_s: Floats = self._origin_s + np.arange(first, first + samples) / self.sensor.rate_hz
        motion = self._motion(times_s)
        speed = np.hypot(motion.forward_mps, motion.right_mps)
        self._meet_potholes(first, speed)
        body = np.column_stack([
            motion.forward_mps2 + G_MPS2 * motion.grade,
            motion.right_mps2,
            np.full(samples, -G_MPS2),
        ])  # fmt: skip
        if self._roll is not None:
            body = self._roll.felt(body, times_s)
        body += self._vibration.block(times_s, speed, self.route.roughness, engine=not self.wrecked)
        self._shocks.lay(body, first)
        measured = body @ self._mount.T + self._bias
        if self._fall is not None:
            self._fall.lay(measured, body @ self._fall.mount.T + self._bias, first)
        self._samples += samples
        fixes = self._fixes(start_s)
        self._forget_past()
        return Stretch(start_s, self.sensor.rate_hz, self.sensor.count(measured), fixes)

    def _forget_past(self) -> None:
        if self._fall is not None and self._fall.shock.end <= self._samples:
            self._mount, self._fall = self._fall.mount, None
        past = [leg for leg in self._legs if leg.start_s <= self.time_s]
        self._legs = past[-1:] + self._legs[len(past) :]

    def _meet_potholes(self, first: int, speed: Floats) -> None:
        driven = self._odometer_m + np.cumsum(speed) / self.sensor.rate_hz
        while driven.size and self._pothole_m < driven[-1]:
            row = int(np.searchsorted(driven, self._pothole_m))
            peak_g = float(np.clip(self._road.lognormal(-0.75, 0.45), 0.1, 1.8))
            burst = sampled_pothole(
                float(speed[row]), peak_g, 0.0, self.sensor.rate_hz, self.sensor.lowpass_hz
            )
            self._shocks.add(Shock(first + row, burst))
            self._pothole_m += self._to_next_pothole_m()
        if driven.size:
            self._odometer_m = float(driven[-1])

    def _to_next_pothole_m(self) -> float:
        return float(self._road.exponential(1000.0 / self.route.potholes_per_km))

    def _fixes(self, start_s: float) -> tuple[GpsFix, ...]:
        seconds = np.arange(math.ceil(start_s - 1e-9), math.ceil(self.time_s - 1e-9), dtype=np.float64)
        if not seconds.size or self._receiver is None:
            return ()
        motion = self._motion(seconds)
        speed = np.hypot(motion.forward_mps, motion.right_mps)
        course = np.degrees(motion.heading_rad + np.arctan2(motion.right_mps, motion.forward_mps)) % 360.0
        columns = (seconds, motion.east_m, motion.north_m, speed, course)
        return tuple(self._receiver.fix(*row) for row in np.column_stack(columns).tolist())

    def _motion(self, times_s: Floats) -> Kinematics:
        starts = np.asarray([leg.start_s for leg in self._legs[1:]])
        cuts = np.searchsorted(times_s, starts) if starts.size else starts.astype(np.int64)
        parts = np.split(times_s, cuts)
        return joined([leg.at(part) for leg, part in zip(self._legs, parts, strict=True) if part.size])

    def _velocity(self, at_s: float) -> tuple[float, float]:
        motion = self._leg_at(at_s).at(np.asarray([at_s]))
        return float(motion.forward_mps[0]), float(motion.right_mps[0])

    def _leg_at(self, at_s: float) -> Leg:
        return [leg for leg in self._legs if leg.start_s <= at_s][-1]

    def _on_route(self, at_s: float) -> RouteLeg:
        self._not_past(at_s)
        leg = self._leg_at(at_s)
        if not isinstance(leg, RouteLeg):
            raise ValueError("the car has crashed and no longer follows its route")  # noqa: TRY004 (no wrong argument type)
        return leg

    def _begin(self, leg: Leg) -> None:
        self._legs = [*(old for old in self._legs if old.start_s < leg.start_s or old is self._legs[0]), leg]

    def _not_past(self, at_s: float) -> None:
        if not self.time_s <= at_s < math.inf:
            raise ValueError(f"{at_s} s is over: the car has driven until {self.time_s:.3f} s")

    def _sample_s(self, sample: int) -> float:
        return self._origin_s + sample / self.sensor.rate_hz

    def _first_sample_from(self, at_s: float) -> int:
        return math.ceil((at_s - self._origin_s) * self.sensor.rate_hz - 1e-6)


def random_rotation(rng: np.random.Generator) -> Floats:
    """A rotation matrix from all rotations alike, by a normalised Gaussian quaternion (Shoemake 1992)."""
    quaternion = rng.normal(size=4)
    w, x, y, z = (quaternion / np.linalg.norm(quaternion)).tolist()
    return np.asarray([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def _starting_phase(lap: Lap, rng: np.random.Generator, rolling_at_s: float | None) -> float:
    phases: Floats = rng.uniform(0.0, lap.duration_s, 64)
    if rolling_at_s is None:
        return float(phases[0])
    rows = np.mod(phases + rolling_at_s, lap.duration_s) / TICK_S
    speeds = lap.speed_mps[rows.astype(np.int64)]
    rolling = np.flatnonzero(speeds >= 0.8 * np.percentile(lap.speed_mps, 80))
    return float(phases[rolling[0] if rolling.size else np.argmax(speeds)])
