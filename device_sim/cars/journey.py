"""A car's journey in real time: worked out a second ahead, handed out as it happens, acted upon."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from device_sim.cars.config import CarConfig, Crash, DriveOn, Fall, Motion, Pothole, RollOver
from device_sim.device.journal import Datum
from device_sim.device.motion import Block, merged
from device_sim.physics.car import Car
from device_sim.physics.drop import random_drop
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Fix

AHEAD_S: Final = 1.0
"""Motion is worked out in one call for this long, which keeps a fleet cheap."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that physically happens to the car, `uptime_s` after its start."""

    uptime_s: float
    kind: str
    data: dict[str, Datum]


class Journey:
    """Drives the car of a configuration; what is planned happens at the latest a second later."""

    def __init__(self, config: CarConfig) -> None:
        crashes = [action.at_s or 0.0 for action in config.script if isinstance(action, Crash | RollOver)]
        sensor = Sensor(config.rate_hz, config.full_scale_g, config.lowpass_hz)
        self.car = Car(
            config.route,
            config.seed,
            sensor,
            rolling_at_s=min(crashes, default=None),
            gps_lag_s=config.gps_lag_s,
        )
        self._block_s = config.block_s
        self._seed = config.seed
        self._rng = np.random.default_rng([config.seed, 99])
        self._planned: list[Motion] = []
        self._happenings: list[Happening] = []
        self._ahead: list[Block] = []
        self._fixes: list[Fix] = []
        self._given_s = 0.0

    def plan(self, action: Motion) -> float:
        """Let something happen at its `at_s`, or as soon as it can; returns when, at the earliest."""
        self._planned.append(action)
        return max(action.at_s or 0.0, self.car.time_s)

    def measured(self, uptime_s: float, rate_hz: float) -> tuple[list[Block], list[Fix]]:
        """Whole blocks of motion and the fixes since the last call, up to an uptime.

        `rate_hz` is the rate for what has not been worked out yet.
        """
        while self.car.time_s <= uptime_s:
            self._work_out(rate_hz)
        until_s = np.floor(uptime_s / self._block_s + 1e-6) * self._block_s
        blocks = merged(block.between(self._given_s * 1000.0, until_s * 1000.0) for block in self._ahead)
        self._given_s = float(until_s)
        self._ahead = [block for block in self._ahead if block.end_ms > until_s * 1000.0 + 1e-3]
        fixes = [fix for fix in self._fixes if fix.uptime_ms <= uptime_s * 1000.0]
        self._fixes = self._fixes[len(fixes) :]
        return blocks, fixes

    def happened(self, uptime_s: float) -> list[Happening]:
        """What has happened since the last call."""
        past = [each for each in self._happenings if each.uptime_s <= uptime_s]
        self._happenings = [each for each in self._happenings if each.uptime_s > uptime_s]
        return past

    @property
    def next_block_s(self) -> float:
        """When the next block is complete."""
        return self._given_s + self._block_s

    def _work_out(self, rate_hz: float) -> None:
        car = self.car
        if rate_hz != car.sensor.rate_hz:
            car.set_rate(rate_hz)
        waiting: list[Motion] = []
        for action in sorted(self._planned, key=lambda each: each.at_s or 0.0):
            slow = action.min_speed_kmh is not None and car.speed_mps * 3.6 < action.min_speed_kmh
            at_s = max(action.at_s or 0.0, car.time_s)
            if slow or at_s >= car.time_s + AHEAD_S:
                waiting.append(action)
            else:
                self._do(action, at_s)
        self._planned = waiting
        stretch = car.drive(round(AHEAD_S * rate_hz))
        self._ahead.append(Block(stretch.start_s * 1000.0, stretch.rate_hz, stretch.counts))
        for fix in stretch.fixes:
            columns = asdict(fix)
            self._fixes.append(Fix(uptime_ms=round(columns.pop("at_s") * 1000.0), **columns))

    def _do(self, action: Motion, at_s: float) -> None:
        speed_kmh = round(self.car.speed_mps * 3.6, 1)
        try:
            data = self._act(action, at_s)
        except ValueError as error:
            self._happenings.append(Happening(at_s, "refused", {"do": action.do, "reason": str(error)}))
        else:
            self._happenings.append(Happening(at_s, action.do, {"speed_kmh": speed_kmh, **data}))

    def _act(self, action: Motion, at_s: float) -> dict[str, Datum]:
        car = self.car
        match action:
            case Crash():
                pulse = action.pulse(self._seed)
                car.crash(at_s, pulse, drives_on=action.drives_on)
                return {
                    "delta_v_kmh": pulse.delta_v_kmh,
                    "pdof_deg": pulse.pdof_deg % 360.0,
                    "shape": str(pulse.shape),
                    "duration_ms": pulse.duration_ms,
                }
            case RollOver():
                rollover = action.rollover(self._seed)
                car.roll_over(at_s, rollover)
                return {
                    "delta_v_kmh": rollover.pulse.delta_v_kmh,
                    "pdof_deg": rollover.pulse.pdof_deg % 360.0,
                    "roll_deg": rollover.roll_deg,
                    "roll_s": rollover.roll_s,
                }
            case Fall():
                drop = car.drop(at_s, action.drop(random_drop(self._rng)))
                return {"fall_s": round(drop.fall_s, 3), "peak_g": round(drop.peak_g, 1)}
            case Pothole():
                car.pothole(at_s, action.peak_g)
                return {"peak_g": action.peak_g}
            case DriveOn():
                car.drive_on(at_s)
                return {}
            case _:
                car.stop(at_s)
                return {}
