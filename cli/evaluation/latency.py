"""How soon a crash is known: streamed in frames of a second, and as a burst of the device's own trigger.

Only the waiting for data is counted, not the network and not the computing, which take milliseconds. Times are from
the end of the first shock.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np

from cli.evaluation.judge import speed_track
from cli.evaluation.scene import Scene
from device_sim.device.motion import Block
from device_sim.device.trigger import BEFORE_MS, FIRST_AFTER_MS, PART_MS, PARTS_AFTER, ImpactTrigger
from schemas.impact import Severity
from schemas.recording import G_MPS2
from scoring.analyse import Analysis, analyse
from scoring.frames import Frame, Motion, frames_of, stretch_around
from scoring.memory import Memory, screen_batch
from scoring.sampling import motions_of
from scoring.speed import SpeedTrack

FRAME_S: Final = 1.0
UNSURE_WAIT_S: Final = 0.5
"""A shock that is not over within its frame is decided by the next frame, or after this long without one."""
_NEAR_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the end of the shock until it is known as light or more, and until its class is the last one.

    None where the way never told; negative where it was known before its end.
    """

    stream_s: float | None
    stream_settled_s: float | None
    burst_s: float | None
    burst_settled_s: float | None


def latency_of(scene: Scene) -> Latency | None:
    """The latency of a composed crash; None where its motion was cut, or is no crash."""
    truth = scene.truth
    motions = motions_of(scene.recording)
    if truth is None or len(motions) != 1 or motions[0].end_s < truth.ends_s + 0.2:
        return None
    motion, speed = motions[0], speed_track(scene.recording)
    stream = _told(_streamed(motion, speed, truth.at_s), truth.ends_s)
    burst = _told(_burst(motion, speed, truth.at_s), truth.ends_s)
    return Latency(*stream, *burst)


def _told(known: list[tuple[float, Severity]], ends_s: float) -> tuple[float | None, float | None]:
    """When light or more was first known, and from when on the class did not change again."""
    first = next((at_s for at_s, severity in known if severity.rank >= Severity.LIGHT.rank), None)
    if first is None:
        return None, None
    settled = known[-1][0]
    for at_s, severity in reversed(known):
        if severity is not known[-1][1]:
            break
        settled = at_s
    return first - ends_s, settled - ends_s


def _streamed(motion: Motion, speed: SpeedTrack | None, at_s: float) -> list[tuple[float, Severity]]:
    """What is known after each frame: (when, class)."""
    frames = frames_of(motion, max(1, round(FRAME_S * motion.rate_hz)))
    memories: dict[Hashable, Memory] = {}
    known: list[tuple[float, Severity]] = []
    around: float | None = None
    for index, frame in enumerate(frames):
        new, hits = screen_batch(memories, (frame,))
        memories.update(new)
        ends_s = frame.uptime_ms / 1000 + frame.duration_s
        near = [hit for hit in hits if abs(hit.uptime_ms / 1000 - at_s) < _NEAR_S]
        if around is None and near:
            around = near[0].uptime_ms / 1000
            wait_s = 0.0 if near[0].complete else UNSURE_WAIT_S
            known.append((ends_s + wait_s, _class(frames[: index + 1], around, speed)))
        elif around is not None and ends_s < at_s + 12:
            known.append((ends_s, _class(frames[: index + 1], around, speed)))
    return known


def _burst(motion: Motion, speed: SpeedTrack | None, at_s: float) -> list[tuple[float, Severity]]:
    """What is known after each part of a burst: (when, class)."""
    scale_mps2 = motion.full_scale_g * G_MPS2 / 32768
    counts = np.clip(np.rint(motion.acc_mps2.T / scale_mps2), -32768, 32767).astype(np.int16)
    over_ms = ImpactTrigger().feed(Block(1000 * motion.uptime_s, motion.rate_hz, counts), scale_mps2)
    after = over_ms[(over_ms > 1000 * (at_s - 0.2)) & (over_ms < 1000 * (at_s + _NEAR_S))]
    if not after.size:
        return []
    trigger_s = float(after[0]) / 1000
    known: list[tuple[float, Severity]] = []
    for part in range(PARTS_AFTER + 1):
        until_s = trigger_s + (FIRST_AFTER_MS + part * PART_MS) / 1000
        if until_s > motion.end_s:
            break
        window = motion.window(trigger_s - BEFORE_MS / 1000, until_s)
        known.append((until_s, _worst(analyse(window, trigger_s, speed=speed))))
    return known


def _class(frames: tuple[Frame, ...], around_s: float, speed: SpeedTrack | None) -> Severity:
    motion = stretch_around(frames, around_s)
    return Severity.NONE if motion is None else _worst(analyse(motion, around_s, speed=speed))


def _worst(found: tuple[Analysis, ...]) -> Severity:
    return max((each.severity for each in found), key=lambda severity: severity.rank, default=Severity.NONE)
