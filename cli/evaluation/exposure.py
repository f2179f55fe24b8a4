"""Hours of simulated driving through the live screen and analysis, streamed: nothing of them is kept but counts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.baselines import BASELINES, events, felt
from cli.evaluation.figures import OURS
from cli.evaluation.hand import handled
from cli.evaluation.hand import shaken as shaken_by_hand
from cli.evaluation.happenings import HANDS_PER_H, Happening, happen
from cli.evaluation.judge import Waveform, waveform_of
from cli.evaluation.sensor import Sensor, random_rotation, times_of
from cli.evaluation.shaking import RATE_HZ, roads, shaken, upsampled
from cli.evaluation.traffic import TICK_HZ, Trips, drive, how_many
from device_sim.physics.drop import random_drop, sampled_drop
from schemas.impact import Severity
from schemas.recording import G_MPS2
from scoring.analyse import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, SAME_IMPACT_S, Analysis, analyse
from scoring.frames import Frame, Motion
from scoring.memory import Hit, Memory, screen_batch
from scoring.speed import SpeedTrack

Floats = NDArray[np.float32]
Counts = NDArray[np.int16]

CARS: Final = 96
TRIP_S: Final = 600.0
BATCH_H: Final = CARS * TRIP_S / 3600
LOWPASS_HZ: Final = 42.0
STEPS_KMH: Final = (3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
_GPS_SHARE: Final = 0.9
_NEAR_S: Final = 1.5
_FIX_AGE_S: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class FalseImpact:
    """A false impact of simulated driving: what was found, what happened shortly before, what it looked like.

    Batch, seed and car make it again.
    """

    seed: int
    batch: int
    car: int
    found: Analysis
    causes: tuple[str, ...]
    waveform: Waveform


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Counts over simulated hours: candidates of the screen, analyses that found a knock, false impacts by judge.

    `happened` counts by kind; `steps` how many candidates reached each of `STEPS_KMH` in 150 ms.
    """

    hours: float
    candidates: int
    knocks: int
    false: tuple[FalseImpact, ...]
    events: dict[str, int]
    happened: dict[str, int]
    steps: tuple[int, ...]


def added(parts: list[Exposure]) -> Exposure:
    """Several batches as one."""
    return Exposure(
        sum(part.hours for part in parts),
        sum(part.candidates for part in parts),
        sum(part.knocks for part in parts),
        tuple(each for part in parts for each in part.false),
        _summed([part.events for part in parts]),
        _summed([part.happened for part in parts]),
        tuple(int(sum(part.steps[index] for part in parts)) for index in range(len(STEPS_KMH))),
    )


def drive_batch(seed: int, number: int, *, cars: int = CARS, trip_s: float = TRIP_S) -> Exposure:
    """Batch `number` of a seed: so many cars, a trip each, at 100 Hz."""
    rng = np.random.default_rng([seed, 3, number])
    trips = drive(rng, cars, trip_s)
    body = shaken(rng, trips, roads(rng, cars, trips.ticks))
    body[:, 0] += upsampled(trips.forward_mps2.astype(np.float32))
    body[:, 1] += upsampled(trips.right_mps2.astype(np.float32))
    body[:, 2] -= np.float32(G_MPS2)
    happened = happen(rng, seed, trips, body)
    sensors = [Sensor(RATE_HZ, LOWPASS_HZ, float(rng.choice([8.0, 16.0]))) for _ in range(cars)]
    counts = _measured(rng, body, sensors, happened)
    exposure = _screened(rng, trips, counts, sensors, happened)
    return replace(exposure, false=tuple(replace(each, seed=seed, batch=number) for each in exposure.false))


def _measured(
    rng: np.random.Generator, body: Floats, sensors: list[Sensor], happened: list[Happening]
) -> Counts:
    """What each car's device counts of its motion (cars, 3, samples); people's hands are added here."""
    cars, _, samples = body.shape
    mounts = np.stack([random_rotation(rng) for _ in range(cars)])
    device = np.matmul(mounts.astype(np.float32), body)
    for kind, per_h in HANDS_PER_H.items():
        count = how_many(rng, per_h * cars * samples / RATE_HZ / 3600)
        for car in rng.integers(0, cars, count).tolist():
            first = int(rng.integers(0, max(1, samples - 20 * RATE_HZ)))
            rest = body[car, :, first:].astype(np.float64)
            device[car, :, first:] = _by_hand(rng, kind, rest, mounts[car])
            happened.append(Happening(car, first, kind))
    device += rng.uniform(-0.15, 0.15, (cars, 3, 1)).astype(np.float32)
    scales = np.array([sensor.scale_mps2 for sensor in sensors], dtype=np.float32)
    device /= scales[:, None, None]
    np.rint(device, out=device)
    np.clip(device, -32768, 32767, out=device)
    return device.astype("<i2")


def _by_hand(
    rng: np.random.Generator, kind: str, body: NDArray[np.float64], mount: NDArray[np.float64]
) -> Floats:
    samples = body.shape[1]
    if kind == "dropped":
        lies = random_rotation(rng)
        felt_then = lies @ body
        fall = sampled_drop(
            random_drop(rng),
            rng,
            before_mps2=mount @ body[:, 0],
            after_mps2=lies @ np.array([0.0, 0.0, -G_MPS2]),
            rate_hz=RATE_HZ,
            lowpass_hz=LOWPASS_HZ,
        ).T
        long = min(fall.shape[1], samples)
        felt_then[:, :long] = fall[:, :long]
        return felt_then.astype(np.float32)
    from_s = 1.0
    if kind == "shaken_in_hand":
        handling = shaken_by_hand(rng, samples, RATE_HZ, mount, from_s=from_s)
    else:
        handling = handled(rng, samples, RATE_HZ, mount, from_s=from_s, put_back=kind != "handled")
    return handling.felt(body).astype(np.float32)


def _screened(
    rng: np.random.Generator, trips: Trips, counts: Counts, sensors: list[Sensor], happened: list[Happening]
) -> Exposure:
    cars, _, samples = counts.shape
    memories: dict[Hashable, Memory] = {}
    hits: dict[int, list[Hit]] = {}
    for first in range(0, samples, RATE_HZ):
        second = np.ascontiguousarray(counts[:, :, first : first + RATE_HZ])
        frames = [
            Frame(
                car,
                round(1000 * first / RATE_HZ),
                RATE_HZ,
                second.shape[2],
                sensor.scale_mps2,
                sensor.full_scale_g,
                LOWPASS_HZ,
                second[car].tobytes(),
            )
            for car, sensor in enumerate(sensors)
        ]
        new, found = screen_batch(memories, frames)
        memories.update(new)
        for hit in found:
            hits.setdefault(int(str(hit.key)), []).append(hit)
    tracks = {car: _track(rng, trips, car) for car in sorted(hits)}
    judged = [
        _judged(
            car,
            hits[car],
            tracks[car],
            counts[car],
            sensors[car],
            happened=[each for each in happened if each.car == car],
        )
        for car in sorted(hits)
    ]
    everything = [hit for car in sorted(hits) for hit in hits[car]]
    kinds: dict[str, int] = {}
    for each in happened:
        kinds[each.kind] = kinds.get(each.kind, 0) + 1
    return Exposure(
        cars * samples / RATE_HZ / 3600,
        len(everything),
        sum(knocks for knocks, _, _ in judged),
        tuple(each for _, false, _ in judged for each in false),
        _summed([{OURS: sum(len(false) for _, false, _ in judged)}, *(rules for _, _, rules in judged)]),
        kinds,
        tuple(sum(hit.dv150_kmh >= step for hit in everything) for step in STEPS_KMH),
    )


def _judged(
    car: int,
    hits: list[Hit],
    track: SpeedTrack | None,
    counts: Counts,
    sensor: Sensor,
    *,
    happened: list[Happening],
) -> tuple[int, list[FalseImpact], dict[str, int]]:
    """Knocks, false impacts, and how often each rule fired, of one car's candidates."""
    impacts: list[tuple[Analysis, Motion]] = []
    fired: dict[str, list[float]] = {rule.name: [] for rule in BASELINES}
    acc = counts.astype(np.float32) * np.float32(sensor.scale_mps2)
    whole = Motion(acc, 0.0, RATE_HZ, sensor.full_scale_g, LOWPASS_HZ)
    for hit in hits:
        at_s = hit.uptime_ms / 1000
        motion = whole.window(at_s - CONTEXT_BEFORE_S, at_s + CONTEXT_AFTER_S)
        for found in analyse(motion, at_s, speed=track, gravity_mps2=hit.gravity_mps2):
            known = any(abs(found.uptime_s - other.uptime_s) < SAME_IMPACT_S for other, _ in impacts)
            if found.severity is not Severity.NONE and not known:
                impacts.append((found, motion))
        # The rules' thresholds all lie above the screen's, so that looking near its candidates is enough.
        ready = felt(motion, track)
        for rule in BASELINES:
            fired[rule.name] += [
                moment
                for moment in events(rule, ready)
                if abs(moment - at_s) <= _NEAR_S
                and all(abs(moment - old) > SAME_IMPACT_S for old in fired[rule.name])
            ]
    false = [
        FalseImpact(0, 0, car, found, _causes(found, happened), waveform_of(motion, track, found.uptime_s))
        for found, motion in impacts
        if found.severity.rank >= Severity.LIGHT.rank
    ]
    return len(impacts) - len(false), false, {name: len(moments) for name, moments in fired.items()}


def _causes(found: Analysis, happened: list[Happening]) -> tuple[str, ...]:
    return tuple(
        f"{each.kind} {found.uptime_s - each.first / RATE_HZ:.1f} s before"
        for each in happened
        if -1.0 <= found.uptime_s - each.first / RATE_HZ <= 20.0
    )


def _track(rng: np.random.Generator, trips: Trips, car: int) -> SpeedTrack | None:
    """Fixes of one car, a second apart and half a second old; None for a device without reception."""
    if rng.random() > _GPS_SHARE:
        return None
    speed, course = trips.speed_mps[car, ::TICK_HZ], trips.course_deg[car, ::TICK_HZ] % 360
    noisy = np.where(speed > 0.3, np.abs(speed + rng.normal(0, 0.12, speed.size)), 0.0)
    return SpeedTrack(times_of(speed.size, 1.0, first_s=_FIX_AGE_S), noisy, course)


def _summed(counts: list[dict[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for part in counts for name in part)
    return {name: sum(part.get(name, 0) for part in counts) for name in names}
