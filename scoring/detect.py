"""Detecting impacts in a whole recording: its motion goes through the very screen and analysis of the live system."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import Recording, RecordingError
from scoring.analyse import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, SAME_IMPACT_S, Analysis, analyse
from scoring.frames import DRIFT, MAX_RATE_HZ, MIN_RATE_HZ, Frame, Motion, frames_of, stretch_around
from scoring.memory import Hit, Memory, screen_batch
from scoring.mount import Mount, learn_mount
from scoring.speed import SpeedTrack

Signal = NDArray[np.float64]

USUAL_RANGE_G: Final = 16.0
"""Taken for the range of a recording that does not tell: the widest that common devices have."""
BREAK_S: Final = 0.1
"""Where a recording skips this long (or five samples), it is cut into stretches."""
REGULAR: Final = 0.1
"""Timestamps this close to an even grid (in samples) are taken for even; others are resampled."""
FRAME_S: Final = 1.0


class RateError(RecordingError):
    """A recording sampled too slowly, or too fast, for impact detection."""


def detect(recording: Recording) -> list[Analysis]:
    """The impacts of a recording, class knock or more, in order of time.

    `uptime_s` of each is in the recording's own seconds. Raises RateError where the recording's rate
    is outside 50 to 1,000 Hz.
    """
    check_rate(recording)
    speed = _speed_track(recording)
    found: list[Analysis] = []
    mount: Mount | None = None
    for motion in motions_of(recording):
        frames = frames_of(motion, max(1, round(FRAME_S * motion.rate_hz)))
        hits = _stream(frames)
        if hits and speed is not None and mount is None:
            mount = learn_mount(motion.window(motion.uptime_s, hits[0].uptime_ms / 1000 - 1.0), speed)
        for hit in hits:
            for analysis in _around(hit, frames, speed, mount):
                if not any(abs(analysis.uptime_s - known.uptime_s) < SAME_IMPACT_S for known in found):
                    found.append(analysis)
    return sorted(found, key=lambda analysis: analysis.uptime_s)


def check_rate(recording: Recording) -> None:
    """Raise RateError, saying what is wanted, where the rate is not served."""
    rate_hz = recording.rate_hz
    if not MIN_RATE_HZ * (1 - DRIFT) <= rate_hz <= MAX_RATE_HZ * (1 + DRIFT):
        raise RateError(
            f"{recording.name}: sampled at {rate_hz:.1f} Hz; impact detection needs {MIN_RATE_HZ:g} to "
            f"{MAX_RATE_HZ:g} Hz: a shock lasts a tenth of a second"
        )


def motions_of(recording: Recording) -> tuple[Motion, ...]:
    """The recording as evenly sampled stretches at its own rate.

    Slightly uneven timestamps are resampled by straight lines; a longer silence begins a new stretch.
    """
    times_s = recording.acc_t_s
    full_scale_g = recording.full_scale_g if recording.full_scale_g > 0 else USUAL_RANGE_G
    interval_s = 1 / recording.rate_hz
    breaks = np.flatnonzero(np.diff(times_s) > max(BREAK_S, 5 * interval_s)) + 1
    stretches: list[Motion] = []
    for part in np.split(np.arange(times_s.size, dtype=np.intp), breaks):
        if part.size < 2:
            continue
        time_s = times_s[part]
        acc: Signal = recording.acc_mps2[part].T
        # The mean, not the median, interval: late samples must not stretch the time.
        rate_hz = float((part.size - 1) / (time_s[-1] - time_s[0]))
        rate_hz = min(max(rate_hz, MIN_RATE_HZ * (1 - DRIFT)), MAX_RATE_HZ * (1 + DRIFT))
        even_s = time_s[0] + np.arange(int((time_s[-1] - time_s[0]) * rate_hz + 0.5) + 1) / rate_hz
        if even_s.size != time_s.size or np.abs(even_s - time_s).max() > REGULAR / rate_hz:
            even = np.empty((3, even_s.size))
            for axis in range(3):
                even[axis] = np.interp(even_s, time_s, acc[axis])
            acc = even
        motion = Motion(
            acc.astype(np.float32), float(time_s[0]), rate_hz, full_scale_g, max(recording.lowpass_hz, 0.0)
        )
        stretches.append(motion)
    return tuple(stretches)


def _stream(frames: tuple[Frame, ...]) -> list[Hit]:
    memories: dict[Hashable, Memory] = {}
    hits: list[Hit] = []
    for frame in frames:
        new, found = screen_batch(memories, (frame,))
        memories.update(new)
        hits += found
    return hits


def _around(
    hit: Hit, frames: tuple[Frame, ...], speed: SpeedTrack | None, mount: Mount | None
) -> list[Analysis]:
    """The impacts at a hit, from the frames that a live system would load."""
    at_s = hit.uptime_ms / 1000
    near = [
        frame
        for frame in frames
        if frame.uptime_ms / 1000 + frame.duration_s >= at_s - CONTEXT_BEFORE_S
        and frame.uptime_ms / 1000 <= at_s + CONTEXT_AFTER_S
    ]
    motion = stretch_around(near, at_s)
    if motion is None:
        return []
    analyses = analyse(motion, at_s, speed=speed, mount=mount, gravity_mps2=hit.gravity_mps2)
    return [analysis for analysis in analyses if analysis.severity.rank > 0]


def _speed_track(recording: Recording) -> SpeedTrack | None:
    # Two fixes of one moment are one; the last is as good as the first.
    times_s, once = np.unique(recording.gps_t_s, return_index=True)
    if times_s.size == 0:
        return None
    return SpeedTrack(times_s, recording.gps_speed_mps[once], recording.gps_heading_deg[once])
