"""A recording that was composed, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.sensor import Sensor, times_of
from schemas.impact import Severity, severity_of
from schemas.recording import Recording

Signal = NDArray[np.float64]

_ORIGIN_DEG: Final = (35.2323, 139.1069)
_METRES_PER_DEG: Final = (110_940.0, 91_000.0)
_SPEED_ERROR_MPS: Final = 0.12
_COURSE_ERROR_DEG: Final = 2.0
_COURSE_FROM_MPS: Final = 0.7
_SPEED_FROM_MPS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Truth:
    """What a composed crash did: time zero and end of its first shock and end of its last, in recording time.

    `delta_v_kmh` and `pdof_deg` are those of its strongest shock; `clipped` says that a sample of any shock lay
    beyond the sensor's range.
    """

    at_s: float
    ends_s: float
    last_ends_s: float
    delta_v_kmh: float
    pdof_deg: float
    clipped: bool
    multiple: bool
    rollover: bool

    @property
    def severity(self) -> Severity:
        """The class it should get."""
        return severity_of(self.delta_v_kmh, rollover=self.rollover)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One recording to be judged. `truth` is None where there was no impact.

    `kind` groups scenes in the figures, `tags` say what else is particular; `is_real` holds for
    recordings as they are; `measured_pulse` for crashes made from a measured pulse.
    """

    name: str
    kind: str
    recording: Recording
    truth: Truth | None
    tags: tuple[str, ...] = ()
    is_real: bool = False
    measured_pulse: bool = False
    sensor: Sensor | None = None

    @property
    def hours(self) -> float:
        """How long it is."""
        return self.recording.duration_s / 3600


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Where a car truly was, by sample: speed in m/s, course over ground in degrees, both (n,)."""

    rate_hz: float
    speed_mps: Signal
    course_deg: Signal


def recorded(
    name: str,
    acc_mps2: Signal,
    sensor: Sensor,
    track: Track | None,
    rng: np.random.Generator,
    *,
    gps_lag_s: float = 0.0,
    gps_until_s: float = np.inf,
) -> Recording:
    """The recording of a device: what its sensor reads of (3, n) in device axes, and a fix every second.

    `track` None stands for a device without GPS reception; `gps_lag_s` is how old the motion is that a fix tells,
    `gps_until_s` when the last fix comes.
    """
    read = sensor.read(acc_mps2)
    times_s = times_of(read.shape[1], sensor.rate_hz)
    none = np.zeros(0)
    fix_s = lat = lon = speed = course = none
    if track is not None:
        fix_s = np.arange(rng.uniform(0.0, 1.0), min(times_s[-1], gps_until_s), 1.0)
        row = np.clip(np.rint((fix_s - gps_lag_s) * track.rate_hz), 0, track.speed_mps.size - 1).astype(int)
        true_speed, true_course = track.speed_mps[row], np.radians(track.course_deg[row])
        noise = rng.normal(0, 1, (2, fix_s.size))
        speed = np.where(true_speed > _SPEED_FROM_MPS, np.abs(true_speed + _SPEED_ERROR_MPS * noise[0]), 0.0)
        course = (track.course_deg[row] + _COURSE_ERROR_DEG * noise[1] / np.maximum(true_speed, 1.0)) % 360
        course = _held(course, true_speed > _COURSE_FROM_MPS)
        lat = _ORIGIN_DEG[0] + np.cumsum(true_speed * np.cos(true_course)) / _METRES_PER_DEG[0]
        lon = _ORIGIN_DEG[1] + np.cumsum(true_speed * np.sin(true_course)) / _METRES_PER_DEG[1]
    return Recording(
        name=name,
        acc_t_s=times_s,
        acc_mps2=np.ascontiguousarray(read.T),
        gps_t_s=fix_s,
        gps_lat_deg=lat,
        gps_lon_deg=lon,
        gps_speed_mps=speed,
        gps_heading_deg=course,
        full_scale_g=sensor.full_scale_g,
        lowpass_hz=sensor.lowpass_hz,
        epoch_s=0.0,
    )


def without(recording: Recording, spans_s: list[tuple[float, float]]) -> Recording:
    """The recording with the samples of some spans missing."""
    times_s = recording.acc_t_s
    keep = np.ones(times_s.size, dtype=np.bool_)
    for start_s, end_s in spans_s:
        keep &= (times_s < start_s) | (times_s >= end_s)
    return _with_samples(recording, keep)


def until(recording: Recording, end_s: float) -> Recording:
    """The recording of a device that fell silent."""
    short = _with_samples(recording, recording.acc_t_s < end_s)
    fixes = short.gps_t_s < end_s
    return Recording(
        short.name,
        short.acc_t_s,
        short.acc_mps2,
        short.gps_t_s[fixes],
        short.gps_lat_deg[fixes],
        short.gps_lon_deg[fixes],
        short.gps_speed_mps[fixes],
        short.gps_heading_deg[fixes],
        short.full_scale_g,
        short.lowpass_hz,
        short.epoch_s,
    )


def _with_samples(recording: Recording, keep: NDArray[np.bool_]) -> Recording:
    return Recording(
        recording.name,
        recording.acc_t_s[keep],
        recording.acc_mps2[keep],
        recording.gps_t_s,
        recording.gps_lat_deg,
        recording.gps_lon_deg,
        recording.gps_speed_mps,
        recording.gps_heading_deg,
        recording.full_scale_g,
        recording.lowpass_hz,
        recording.epoch_s,
    )


def _held(values: Signal, told: NDArray[np.bool_]) -> Signal:
    """Values with each untold one replaced by the last told; untold ones at the beginning stay."""
    last = np.maximum.accumulate(np.where(told, np.arange(values.size), 0))
    return values[last]
