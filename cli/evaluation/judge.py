"""One scene before the detector and the five rules: what each found, and whether it was right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.baselines import BASELINES, events, felt
from cli.evaluation.scene import Scene, Truth
from cli.evaluation.sensor import Sensor
from schemas.impact import Severity
from schemas.recording import G_MPS2, Recording
from scoring.analyse import Analysis, analyse
from scoring.detect import detect
from scoring.detect import speed_track as track_of
from scoring.frames import Motion
from scoring.sampling import motions_of
from scoring.speed import SpeedTrack

Floats = NDArray[np.float32]

EARLY_S: Final = 0.5
LATE_S: Final = 1.5
"""A finding belongs to a crash from this long before its first shock to this long after its last."""
SETTLING_S: Final = 8.0
"""What is found this long after a crash (a car sliding, rolling, coming to rest) is no false impact."""
_SHOWN_S: Final = 4.0
_SHOWN_HZ: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """What a miss or a false impact looked like: seconds, horizontal and vertical g, and GPS speed."""

    time_s: Floats
    horizontal_g: Floats
    vertical_g: Floats
    gps_s: Floats
    gps_kmh: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """How one scene went.

    `found` is the strongest finding at the crash, of class knock or more; `false` are findings of light or more
    where there was none. `rules` says per rule whether it noticed the crash and how often it fired falsely.
    `said` are the reasons of the shock that was ruled out, where nothing was found at a crash.
    """

    name: str
    kind: str
    tags: tuple[str, ...]
    truth: Truth | None
    is_real: bool
    measured_pulse: bool
    sensor: Sensor | None
    hours: float
    found: Analysis | None
    multiple: bool
    rollover: bool
    false: tuple[Analysis, ...]
    rules: dict[str, tuple[bool, int]]
    said: tuple[str, ...]
    waveforms: tuple[Waveform, ...]

    @property
    def detected(self) -> bool:
        """Whether a crash was found as light or more."""
        return self.found is not None and self.found.severity.rank >= Severity.LIGHT.rank

    @property
    def missed(self) -> bool:
        """Whether a crash of light or more was not."""
        return (
            self.truth is not None and self.truth.severity.rank >= Severity.LIGHT.rank and not self.detected
        )


def judge(scene: Scene) -> Verdict:
    """Run detector and rules over a scene."""
    recording, truth = scene.recording, scene.truth
    findings = detect(recording)
    at_crash = [each for each in findings if truth is not None and _belongs(each.uptime_s, truth, LATE_S)]
    false = [
        each
        for each in findings
        if each.severity.rank >= Severity.LIGHT.rank
        and (truth is None or not _belongs(each.uptime_s, truth, SETTLING_S))
    ]
    found = max(at_crash, key=lambda each: (each.severity.rank, each.delta_v_kmh), default=None)
    verdict = Verdict(
        scene.name,
        scene.kind,
        scene.tags,
        truth,
        scene.is_real,
        scene.measured_pulse,
        scene.sensor,
        scene.hours,
        found,
        any(each.multiple for each in at_crash),
        any(each.rollover for each in at_crash),
        tuple(false),
        _rules(recording, truth),
        (),
        (),
    )
    if not verdict.missed and not false:
        return verdict
    moments = [each.uptime_s for each in false]
    said: tuple[str, ...] = ()
    if truth is not None and verdict.missed:
        moments.insert(0, truth.at_s)
        said = found.reasons if found is not None else _ruled_out(recording, truth)
    shown = tuple(_waveform(recording, moment) for moment in moments)
    return replace(verdict, said=said, waveforms=shown)


def _belongs(moment_s: float, truth: Truth, late_s: float) -> bool:
    return truth.at_s - EARLY_S <= moment_s <= truth.last_ends_s + late_s


def _rules(recording: Recording, truth: Truth | None) -> dict[str, tuple[bool, int]]:
    speed = speed_track(recording)
    noticed = dict.fromkeys((rule.name for rule in BASELINES), False)
    false = dict.fromkeys(noticed, 0)
    for motion in motions_of(recording):
        ready = felt(motion, speed)
        for rule in BASELINES:
            for moment_s in events(rule, ready):
                if truth is not None and _belongs(moment_s, truth, LATE_S):
                    noticed[rule.name] = True
                elif truth is None or not _belongs(moment_s, truth, SETTLING_S):
                    false[rule.name] += 1
    return {name: (noticed[name], false[name]) for name in noticed}


def _ruled_out(recording: Recording, truth: Truth) -> tuple[str, ...]:
    """Why the analysis spoke against an impact; says so where the screen saw nothing to analyse."""
    for motion in motions_of(recording):
        if motion.uptime_s <= truth.at_s < motion.end_s:
            around = analyse(motion, truth.at_s, speed=speed_track(recording))
            if any(each.severity is not Severity.NONE for each in around):
                return ("screened_out",)
            if around:
                return around[0].reasons
    return ("no_shock",)


def speed_track(recording: Recording) -> SpeedTrack | None:
    """The fixes of a recording as the detector takes them; None where there are none."""
    return track_of(recording.gps_t_s, recording.gps_speed_mps, recording.gps_heading_deg)


def _waveform(recording: Recording, moment_s: float) -> Waveform:
    for motion in motions_of(recording):
        if motion.uptime_s - EARLY_S <= moment_s <= motion.end_s + LATE_S:
            return waveform_of(motion, speed_track(recording), moment_s)
    none = np.zeros(0, dtype=np.float32)
    return Waveform(none, none, none, none, none)


def waveform_of(motion: Motion, speed: SpeedTrack | None, moment_s: float) -> Waveform:
    """Eight seconds around a moment, gravity of the time before taken off."""
    near = motion.window(moment_s - _SHOWN_S, moment_s + _SHOWN_S)
    acc = near.acc_mps2.astype(np.float64)
    times_s = near.uptime_s + np.arange(near.samples) / near.rate_hz - moment_s
    before = acc[:, times_s < -0.2]
    gravity = np.median(before if before.shape[1] > 10 else acc, axis=1)
    up = gravity / max(float(np.linalg.norm(gravity)), 1e-6)
    dynamic = (acc - gravity[:, None]) / G_MPS2
    along = up @ dynamic
    horizontal = np.linalg.norm(dynamic - up[:, None] * along, axis=0)
    every = max(1, round(motion.rate_hz / _SHOWN_HZ))
    fix_s = np.zeros(0) if speed is None else speed.uptime_s - moment_s
    shown = np.abs(fix_s) <= 2 * _SHOWN_S
    return Waveform(
        times_s[::every].astype(np.float32),
        horizontal[::every].astype(np.float32),
        along[::every].astype(np.float32),
        fix_s[shown].astype(np.float32),
        (fix_s if speed is None else 3.6 * speed.speed_mps)[shown].astype(np.float32),
    )
