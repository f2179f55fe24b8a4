"""The composed crashes: each one drawn from its number and the seed, so that any of them can be made again."""

from __future__ import annotations

from typing import Final

import numpy as np

from cli.evaluation.collision import Collision, strike
from cli.evaluation.ground import Ground, drawn, real_ground, simulated_ground, still_ground
from cli.evaluation.material import Material
from cli.evaluation.pulse import SHAPES, Pulse, ideal_pulse, measured_pulse
from cli.evaluation.scene import Scene, recorded, until, without
from cli.evaluation.sensor import Sensor, random_rotation

GRID_KMH: Final = (5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 40.0, 65.0)
STRETCHES: Final = (0.7, 1.0, 1.4)
KINDS: Final = {
    "plain": 0.62,
    "two_impacts": 0.08,
    "rollover": 0.07,
    "device_lost": 0.08,
    "parked": 0.08,
    "frames_missing": 0.07,
}
_BEFORE_S: Final = 14.0
_AFTER_S: Final = 16.0
_LEARNING_S: Final = (150.0, 200.0)
_LEARNING_SHARE: Final = 0.35
_TOWN_SHARE: Final = 0.8
_GRID_SHARE: Final = 0.7


def crash_scene(material: Material, seed: int, number: int) -> Scene:
    """Crash `number` of a seed's set: sensor, driving, pulses, GPS and mishaps are all drawn."""
    rng = np.random.default_rng([seed, 1, number])
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    sensor = _sensor(rng)
    measured = bool(material.crashes) and rng.random() < 0.6
    pulse = _pulse(material, rng, _delta_v_kmh(rng, number, kind), measured=measured)
    ground, at_s = _ground(material, rng, sensor, kind)
    at_s += rng.uniform(0.0, 1.0) / sensor.rate_hz + rng.uniform(0.0, 1.0)
    stops = kind in {"rollover", "parked"} or pulse.delta_v_kmh > 15 or rng.random() < 0.6
    pulses = [(0.0, pulse)]
    if kind == "two_impacts":
        second = _pulse(material, rng, pulse.delta_v_kmh * rng.uniform(0.4, 1.2), measured=measured)
        pulses.append((rng.uniform(0.4, 3.0), second))
    collision = Collision(
        tuple(pulses),
        friction_g=rng.uniform(0.35, 0.75),
        stops=stops,
        roll_deg=float(rng.choice([-270, -180, -90, 90, 180, 270])) if kind == "rollover" else 0.0,
        roll_s=rng.uniform(1.2, 3.0),
    )
    mount = random_rotation(rng)
    struck = strike(ground, collision, at_s, sensor, mount)
    truth = struck.truth
    gps = str(rng.choice(["true", "lagging", "missing", "not_yet"], p=[0.45, 0.3, 0.15, 0.1]))
    bias = rng.uniform(-0.15, 0.15, 3)
    recording = recorded(
        f"crash_{seed}_{number}",
        mount @ struck.acc_mps2 + bias[:, None],
        sensor,
        None if gps == "missing" else struck.track,
        rng,
        gps_lag_s=rng.uniform(0.3, 2.0) if gps == "lagging" else 0.0,
        gps_until_s=truth.at_s if gps == "not_yet" else np.inf,
    )
    if kind == "device_lost":
        recording = until(recording, truth.last_ends_s + rng.uniform(0.3, 1.0))
    elif kind == "frames_missing":
        recording = without(recording, _missing(rng, truth.at_s, truth.last_ends_s))
    tags = (
        f"{pulse.name}",
        f"ground {ground.name}",
        f"gps {gps}",
        "stops" if stops else "drives on",
        f"{sensor.rate_hz:g} Hz",
        f"lowpass {sensor.lowpass_hz:g} Hz",
        f"range {sensor.full_scale_g:g} g",
        *(() if sensor.is_good else ("bad device",)),
        *(("mount learnable",) if ground.samples > 60 * sensor.rate_hz and gps != "missing" else ()),
    )
    return Scene(recording.name, kind, recording, truth, tags, measured_pulse=measured, sensor=sensor)


def _sensor(rng: np.random.Generator) -> Sensor:
    rate_hz = float(rng.choice([100.0, 50.0, 200.0, 500.0], p=[0.76, 0.08, 0.08, 0.08]))
    lowpass_hz = float(rng.choice([20.0, 42.0, 90.0], p=[0.25, 0.6, 0.15]))
    if rate_hz == 50:
        # Nothing above 25 Hz can be shown at this rate, and no maker lets it in.
        lowpass_hz = 20.0
    return Sensor(rate_hz, lowpass_hz, float(rng.choice([4.0, 8.0, 16.0], p=[0.12, 0.33, 0.55])))


def _delta_v_kmh(rng: np.random.Generator, number: int, kind: str) -> float:
    grid = rng.random() < _GRID_SHARE
    delta_v_kmh = GRID_KMH[number % len(GRID_KMH)] if grid else 5.0 * 14.0 ** rng.uniform()
    # A standing car is rarely hit harder, and what rolls a car over is not harmless.
    if kind == "parked":
        return min(delta_v_kmh, rng.uniform(8, 25))
    return max(delta_v_kmh, rng.uniform(8, 20)) if kind == "rollover" else delta_v_kmh


def _pulse(material: Material, rng: np.random.Generator, delta_v_kmh: float, *, measured: bool) -> Pulse:
    yaw_deg = 15.0 * int(rng.integers(24))
    stretch = float(rng.choice(STRETCHES))
    if measured:
        crash = material.crashes[int(rng.integers(len(material.crashes)))]
        return measured_pulse(crash, delta_v_kmh, stretch=stretch, yaw_deg=yaw_deg)
    shape = str(rng.choice(SHAPES))
    return ideal_pulse(shape, delta_v_kmh, duration_s=rng.uniform(0.06, 0.2), yaw_deg=yaw_deg)


def _ground(material: Material, rng: np.random.Generator, sensor: Sensor, kind: str) -> tuple[Ground, float]:
    """What the car was doing, and when the crash comes."""
    duration_s, rate_hz = _BEFORE_S + _AFTER_S, sensor.rate_hz
    if kind == "parked":
        return still_ground(duration_s, rate_hz, rng), _BEFORE_S
    real = None
    if material.drives and rng.random() < 0.6:
        real = real_ground(drawn(material.drives, rng), duration_s, rate_hz, rng)
    if rng.random() >= _LEARNING_SHARE:
        ground = real or simulated_ground(duration_s, rate_hz, rng, rolling_at_s=_BEFORE_S)
        return ground, _BEFORE_S
    learning_s = rng.uniform(*_LEARNING_S)
    # Minutes of even speed straight on teach no direction: most leads are drives through a town.
    lead_kind = "town" if rng.random() < _TOWN_SHARE else ""
    if real is None:
        at_s = learning_s + _BEFORE_S
        return simulated_ground(at_s + _AFTER_S, rate_hz, rng, rolling_at_s=at_s, kind=lead_kind), at_s
    lead = simulated_ground(learning_s, rate_hz, rng, rolling_at_s=learning_s - 0.5, kind=lead_kind)
    joint = lead.then(real)
    return joint, joint.samples / rate_hz - _AFTER_S


def _missing(rng: np.random.Generator, at_s: float, ends_s: float) -> list[tuple[float, float]]:
    """A lost second before or after the shock, sometimes close to it, sometimes both."""
    before_s = at_s - rng.choice([0.15, 1.0, 3.0])
    after_s = ends_s + rng.choice([0.15, 1.0, 3.0])
    long_s = rng.choice([0.3, 1.0, 1.8])
    spans = [(before_s - long_s, before_s), (after_s, after_s + long_s)]
    return [spans[index] for index in ([0], [1], [0, 1])[int(rng.integers(3))]]
