"""Everything that is no crash: real recordings as they are, drops, anomalies, and modelled disturbances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation import disturbance
from cli.evaluation.ground import REST_IN_CAR, Ground, drawn, real_ground, simulated_ground, still_ground
from cli.evaluation.hand import handled, shaken
from cli.evaluation.material import ANOMALY_HZ, Material
from cli.evaluation.pulse import FINE_HZ
from cli.evaluation.scene import Scene, Track, recorded
from cli.evaluation.sensor import Sensor, random_rotation, resampled
from schemas.recording import G_MPS2, Recording

Signal = NDArray[np.float64]
Maker = Callable[[Material, np.random.Generator], Scene]
Template = Callable[[np.random.Generator, float], Signal]

_BEFORE_S: Final = 12.0
_AFTER_S: Final = 12.0
_TILT_DEG: Final = 10.0
_BLEND_S: Final = 0.1


def real_scenes(material: Material) -> Iterator[Scene]:
    """Every recording of driving and of a drop as it is."""
    for recording in material.drives:
        yield Scene(recording.name, "real_driving", recording, None, is_real=True)
    for recording in material.drops:
        yield Scene(recording.name, "real_drop", recording, None, is_real=True)


def composed_count(material: Material, repeats: int) -> int:
    """How many scenes `composed_scene` can make."""
    return len(_makers(material, repeats))


def composed_scene(material: Material, seed: int, number: int, repeats: int) -> Scene:
    """Negative `number` of a seed's set."""
    scene = _makers(material, repeats)[number](material, np.random.default_rng([seed, 2, number]))
    return replace(scene, name=f"{scene.kind}_{seed}_{number}")


def _makers(material: Material, repeats: int) -> list[Maker]:
    makers: list[Maker] = []
    for index in range(len(material.drops)):
        makers += [
            _drop(index, parked=parked) for parked in (False, True) for _ in range(max(1, repeats // 10))
        ]
    for group, anomalies in enumerate(material.anomalies):
        every = max(1, 30 // repeats)
        makers += [_anomaly(group, index) for index in range(0, len(anomalies.snippets), every)]
    for name in _TEMPLATES:
        makers += [_disturbed(name)] * repeats
    for name in _HANDS:
        makers += [_handled(name)] * (_HAND_SHARE * repeats)
    return makers


_TEMPLATES: Final[dict[str, Template]] = {
    "hard_braking": disturbance.hard_braking,
    "swerve": disturbance.swerve,
    "kerb": disturbance.kerb,
    "pothole": disturbance.pothole,
    "speed_bump": disturbance.speed_bump,
    "railway_crossing": disturbance.joints,
    "door_slam": disturbance.door,
    "mount_rattle": disturbance.rattle,
}
_STANDING: Final = frozenset({"door_slam"})
_HAND_SHARE: Final = 4
"""Hands do the most varied things: so many times as many of them."""
_HANDS: Final = ("handling", "taken_off_and_put_back", "shaken_in_hand")


def _disturbed(kind: str) -> Maker:
    def make(material: Material, rng: np.random.Generator) -> Scene:
        sensor = _sensor(rng)
        ground = _ground(material, rng, sensor.rate_hz, standing=kind in _STANDING)
        at_s = _BEFORE_S + rng.uniform(0.0, 1.0)
        row = int(at_s * sensor.rate_hz)
        speed = ground.speed_mps.copy()
        car = ground.acc_mps2.copy()
        for repeat in range(int(rng.integers(1, 4)) if kind not in {"hard_braking", "swerve"} else 1):
            fine = _TEMPLATES[kind](rng, float(speed[row]))
            first = row + round(repeat * rng.uniform(0.3, 1.5) * sensor.rate_hz)
            sampled = sensor.sampled(fine, FINE_HZ, rng.uniform(0, 1) / sensor.rate_hz)
            room = car[:, first : first + sampled.shape[1]]
            room += sampled[:, : room.shape[1]]
            if kind == "hard_braking":
                slowed = speed[row] + np.cumsum(sampled[0]) / sensor.rate_hz
                speed[row : row + slowed.size] = np.maximum(slowed, 0)[: speed.size - row]
                speed[row + slowed.size :] = 0.0
        track = Track(sensor.rate_hz, speed, ground.course_deg)
        return _scene(kind, random_rotation(rng) @ car, sensor, track, (f"ground {ground.name}",), rng=rng)

    return make


def _handled(kind: str) -> Maker:
    def make(material: Material, rng: np.random.Generator) -> Scene:
        sensor = _sensor(rng)
        ground = _ground(material, rng, sensor.rate_hz, standing=rng.random() < 0.6)
        mount = random_rotation(rng)
        samples, rate_hz = ground.samples, sensor.rate_hz
        if kind == "shaken_in_hand":
            handling = shaken(rng, samples, rate_hz, mount, from_s=_BEFORE_S)
        else:
            handling = handled(rng, samples, rate_hz, mount, from_s=_BEFORE_S, put_back=kind != "handling")
        track = Track(rate_hz, ground.speed_mps, ground.course_deg)
        return _scene(
            kind, handling.felt(ground.acc_mps2), sensor, track, (f"ground {ground.name}",), rng=rng
        )

    return make


def _drop(index: int, *, parked: bool) -> Maker:
    def make(material: Material, rng: np.random.Generator) -> Scene:
        sensor = _sensor(rng, widest=True)
        rate_hz = sensor.rate_hz
        recording = material.drops[index]
        fall = resampled(recording.acc_mps2.T, recording.rate_hz, rate_hz)
        duration_s = _BEFORE_S + fall.shape[1] / rate_hz + _AFTER_S
        ground = _ground(material, rng, rate_hz, standing=parked, duration_s=duration_s)
        lying = _dropped(fall, ground.samples, round(_BEFORE_S * rate_hz), rate_hz)
        mount = random_rotation(rng)
        lying += mount @ (ground.acc_mps2 - REST_IN_CAR[:, None])
        track = Track(rate_hz, np.full(ground.samples, ground.speed_mps[0]), ground.course_deg)
        kind = "drop_parked" if parked else "drop_driving"
        return _scene(kind, lying, sensor, track, (recording.name, f"ground {ground.name}"), rng=rng)

    return make


def _dropped(fall: Signal, samples: int, first: int, rate_hz: float) -> Signal:
    """A fall (3, k) with the device resting as it did at its beginning before, and as at its end after."""
    blend = round(_BLEND_S * rate_hz)
    out = np.empty((3, samples))
    rest = [np.median(part, axis=1) for part in (fall[:, : 2 * blend], fall[:, -2 * blend :])]
    rest = [part * (G_MPS2 / max(float(np.linalg.norm(part)), 1.0)) for part in rest]
    last = min(first + fall.shape[1], samples)
    out[:, :first] = rest[0][:, None]
    out[:, first:last] = fall[:, : last - first]
    out[:, last:] = rest[1][:, None]
    share = np.linspace(0, 1, blend)
    out[:, first : first + blend] = (1 - share) * rest[0][:, None] + share * out[:, first : first + blend]
    return out


def _anomaly(group: int, index: int) -> Maker:
    def make(material: Material, rng: np.random.Generator) -> Scene:
        anomalies = material.anomalies[group]
        sensor = Sensor(float(rng.choice([50.0, 100.0])), 42.0, 16.0)
        vertical = anomalies.snippets[index] - np.median(anomalies.snippets[index])
        tilt, about = np.radians(rng.uniform(0, _TILT_DEG)), rng.uniform(0, 2 * np.pi)
        along = np.array([np.sin(tilt) * np.cos(about), np.sin(tilt) * np.sin(about), -np.cos(tilt)])
        shaking = resampled(along[:, None] * vertical, ANOMALY_HZ, sensor.rate_hz)
        ground = _ground(
            material,
            rng,
            sensor.rate_hz,
            standing=False,
            duration_s=2 * _BEFORE_S + shaking.shape[1] / sensor.rate_hz,
        )
        car = ground.acc_mps2.copy()
        first = round(_BEFORE_S * sensor.rate_hz)
        # The snippet brings its own road noise.
        car[:, first : first + shaking.shape[1]] = REST_IN_CAR[:, None] + shaking
        track = Track(sensor.rate_hz, ground.speed_mps, ground.course_deg)
        return _scene(
            "road_anomaly",
            random_rotation(rng) @ car,
            sensor,
            track,
            (anomalies.name, f"snippet {index}"),
            rng=rng,
        )

    return make


def _ground(
    material: Material,
    rng: np.random.Generator,
    rate_hz: float,
    *,
    standing: bool,
    duration_s: float = _BEFORE_S + _AFTER_S,
) -> Ground:
    if standing:
        return still_ground(duration_s, rate_hz, rng)
    real = None
    if material.drives and rng.random() < 0.6:
        real = real_ground(drawn(material.drives, rng), duration_s, rate_hz, rng)
    return real or simulated_ground(duration_s, rate_hz, rng, rolling_at_s=_BEFORE_S)


def _sensor(rng: np.random.Generator, *, widest: bool = False) -> Sensor:
    return Sensor(
        float(rng.choice([50.0, 100.0, 200.0], p=[0.1, 0.8, 0.1])),
        float(rng.choice([20.0, 42.0])),
        16.0 if widest else float(rng.choice([8.0, 16.0])),
    )


def _scene(
    kind: str, acc: Signal, sensor: Sensor, track: Track, tags: tuple[str, ...], *, rng: np.random.Generator
) -> Scene:
    recording: Recording = recorded(
        kind,
        acc,
        sensor,
        track if rng.random() < 0.85 else None,
        rng,
        gps_lag_s=rng.uniform(0, 2),
    )
    told = (f"{sensor.rate_hz:g} Hz", f"lowpass {sensor.lowpass_hz:g} Hz", f"range {sensor.full_scale_g:g} g")
    return Scene(kind, kind, recording, None, (*tags, *told), sensor=sensor)
