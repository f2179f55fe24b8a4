"""What a device does wrong in its motion, its positions and its reports of an impact: pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, firsts
from schemas import limits
from schemas.recording import G_MPS2
from scoring.frames import slack_s

REST_G: Final = (0.9, 1.1)
_FRAME_S: Final = (0.4, 4.0)
_RATE_OFF: Final = 0.02
_UPTIME_OFF_MS: Final = 1500
_BLOW_G: Final = 0.3
_PART_S: Final = (0.8, 1.2)
_BEFORE_MS: Final = (limits.BURST_BEFORE_MS - 250, limits.BURST_BEFORE_MS + 1000)
_AFTER_MS: Final = (limits.BURST_AFTER_MS - 60, limits.BURST_AFTER_MS + 300)
_PROMPT_MS: Final = 700
_FIX_GAP_MS: Final = 3000


def acceleration(motion: Any) -> NDArray[np.float64]:
    """The samples of a Motion in m/s2, (3, n)."""
    counts = np.frombuffer(motion.counts, dtype="<i2").reshape(3, -1)
    return counts.astype(np.float64) * motion.scale_mps2


def motion(frames: Sequence[Heard]) -> list[Fault]:
    """Frames of driving or rest: their length, rate, continuity, range, and gravity."""
    frames = sound(frames)
    if len(frames) < 3:
        return [Fault(f"{len(frames)} frames of motion in some seconds", "send up/accel every second")]
    faults: list[Fault] = []
    lengths = [frame.message.motion.samples / frame.message.motion.rate_hz for frame in frames]
    if odd := [length for length in lengths if not _FRAME_S[0] <= length <= _FRAME_S[1]]:
        faults.append(Fault(f"a frame holds {odd[0]:.2f} s of motion", "gather about one second a frame"))
    slow = [frame for frame in frames if frame.held_ms > 1000 * max(lengths) + _UPTIME_OFF_MS]
    early = [
        frame
        for frame, length in zip(frames, lengths, strict=True)
        if frame.held_ms < 1000 * length * 0.9 - 20
    ]
    if slow:
        faults.append(
            Fault(f"a frame left {slow[0].held_ms} ms after its first sample", "send a frame when it is full")
        )
    if early:
        faults.append(
            Fault(
                f"a frame of {early[0].message.motion.samples} samples left {early[0].held_ms} ms after its first one",
                "event_uptime_ms of a frame is the uptime of its first sample, not its last",
            )
        )
    return [*faults, *gaps(frames), *_rate(frames), *_range(frames), *_uptime(frames)]


def sound(frames: Sequence[Heard]) -> list[Heard]:
    """Each frame once, those the backend would take, in the order of their samples."""
    good = [frame for frame in firsts(frames) if frame.rejection is None]
    return sorted(good, key=lambda frame: frame.stamp.event_uptime_ms)


def gaps(frames: Sequence[Heard]) -> list[Fault]:
    """Whether each frame or part begins where the one before it ended."""
    wrong: list[tuple[int, int]] = []
    for before, after in pairwise(frames):
        samples, rate_hz = before.message.motion.samples, before.message.motion.rate_hz
        end_ms = before.stamp.event_uptime_ms + 1000 * samples / rate_hz
        off_ms = after.stamp.event_uptime_ms - end_ms
        if abs(off_ms) > 1000 * slack_s(samples, rate_hz) + 1:
            wrong.append((after.stamp.sequence, round(off_ms)))
    if not wrong:
        return []
    sequence, off_ms = wrong[0]
    return [
        Fault(
            f"motion {sequence} begins {abs(off_ms)} ms {'after' if off_ms > 0 else 'before'} the end of the one "
            f"before it ({len(wrong)} such places)",
            "no sample is left out or sent twice; take the uptime at the FIFO's interrupt; keep what cannot be sent",
        )
    ]


def _rate(frames: Sequence[Heard]) -> list[Fault]:
    first, last = frames[0], frames[-1]
    span_s = (last.stamp.event_uptime_ms - first.stamp.event_uptime_ms) / 1000
    samples = sum(frame.message.motion.samples for frame in frames[:-1])
    said_hz = first.message.motion.rate_hz
    if span_s <= 0 or abs(samples / span_s / said_hz - 1) <= _RATE_OFF:
        return []
    return [
        Fault(
            f"rate_hz is {said_hz:g}, but {samples / span_s:.1f} samples a second come",
            "give the sensor's real rate; it may be off by 1 %",
        )
    ]


def _range(frames: Sequence[Heard]) -> list[Fault]:
    faults: list[Fault] = []
    about = frames[0].message.motion
    largest_g = 32768 * about.scale_mps2 / G_MPS2
    if not 0.95 <= largest_g / about.full_scale_g <= 16.5:
        faults.append(
            Fault(
                f"counts reach {largest_g:.2f} g at this scale, but full_scale_g is {about.full_scale_g:g}",
                "scale_mps2 = full_scale_g x 9.80665 / 32768 for 16 bits over the range",
            )
        )
    quietest = min(
        (acceleration(frame.message.motion) for frame in frames), key=lambda acc: float(acc.std(axis=1).sum())
    )
    rest_g = float(np.linalg.norm(quietest.mean(axis=1))) / G_MPS2
    if not REST_G[0] <= rest_g <= REST_G[1]:
        faults.append(
            Fault(
                f"at rest {rest_g:.2f} g are measured",
                "check scale_mps2, that counts are little-endian and planar (all x, all y, all z), and the offsets",
            )
        )
    return faults


def _uptime(frames: Sequence[Heard]) -> list[Fault]:
    offsets = [frame.at_s * 1000 - frame.stamp.sent_uptime_ms for frame in frames]
    spread = max(offsets) - min(offsets)
    if spread <= _UPTIME_OFF_MS:
        return []
    return [
        Fault(
            f"sent_uptime_ms and the time of arrival differ by up to {spread:.0f} ms",
            "uptime counts real milliseconds; write sent_uptime_ms when the message is handed over",
        )
    ]


def positions(batches: Sequence[Heard]) -> list[Fault]:
    """Batches of fixes: oldest first, a second or so apart, stamped with the first."""
    batches = sound(batches)
    if not batches:
        return [Fault("no positions came", "send up/gps every 10 s, and give the device a view of the sky")]
    faults: list[Fault] = []
    times = [fix.uptime_ms for batch in batches for fix in batch.message.fixes]
    steps = [after - before for before, after in pairwise(times)]
    if any(step <= 0 for step in steps):
        faults.append(Fault("fixes are not in the order of their uptimes", "oldest first, each fix once"))
    elif steps and max(steps) > _FIX_GAP_MS:
        faults.append(Fault(f"fixes are up to {max(steps)} ms apart", "one fix a second"))
    if any(batch.stamp.event_uptime_ms != batch.message.fixes[0].uptime_ms for batch in batches):
        faults.append(
            Fault("event_uptime_ms is not that of the first fix", "stamp a batch with its first fix's uptime")
        )
    if any(batch.stamp.sent_uptime_ms < batch.message.fixes[-1].uptime_ms for batch in batches):
        faults.append(
            Fault("a fix is younger than its sending", "fixes carry the uptime at which they were taken")
        )
    return faults


def burst(parts: Sequence[Heard]) -> list[Fault]:
    """The parts of one trigger: what was before it, at once; then seconds; the last one marked."""
    parts = sorted(firsts(parts), key=lambda each: each.message.part)
    if not parts:
        return [Fault("no impact was reported", "lower the trigger, or strike harder")]
    triggers = sorted({each.message.trigger for each in parts})
    if len(triggers) > 1:
        return [
            Fault(
                f"one blow came as {len(triggers)} triggers",
                "shocks within the ten seconds after a trigger belong to it",
            )
        ]
    faults: list[Fault] = []
    if triggers[0] < 1:
        faults.append(Fault("trigger is 0", "count the triggers of a boot from 1"))
    if len({each.message.trigger_uptime_ms for each in parts}) > 1:
        faults.append(Fault("the parts differ in trigger_uptime_ms", "all parts carry that of their trigger"))
    numbers = [each.message.part for each in parts]
    if numbers != list(range(len(numbers))):
        faults.append(Fault(f"parts are numbered {numbers}", "count them from 0 without a hole"))
    if [each.message.part for each in parts if each.message.last] != numbers[-1:]:
        faults.append(
            Fault("the last part is not marked, or another one is", "set last in the last part only")
        )
    if any(each.rejection for each in parts):
        return faults  # told with the reason by what holds for every message
    lengths = [each.message.motion.samples / each.message.motion.rate_hz for each in parts[1:-1]]
    if odd := [length for length in lengths if not _PART_S[0] <= length <= _PART_S[1]]:
        faults.append(Fault(f"a further part holds {odd[0]:.2f} s", "further parts hold one second each"))
    return [*faults, *_part_0(parts[0]), *gaps(parts)]


def _part_0(part: Heard) -> list[Fault]:
    message = part.message
    before_ms = message.trigger_uptime_ms - part.stamp.event_uptime_ms
    after_ms = 1000 * message.motion.samples / message.motion.rate_hz - before_ms
    prompt_ms = part.stamp.sent_uptime_ms - message.trigger_uptime_ms
    faults: list[Fault] = []
    if not _BEFORE_MS[0] <= before_ms <= _BEFORE_MS[1]:
        faults.append(
            Fault(
                f"part 0 begins {before_ms} ms before the trigger",
                "keep the last seconds of motion; part 0 begins 2 s before; event_uptime_ms is its first sample's",
            )
        )
    elif not _AFTER_MS[0] <= after_ms <= _AFTER_MS[1]:
        faults.append(
            Fault(f"part 0 ends {after_ms:.0f} ms after the trigger", "part 0 ends 0.3 s after the trigger")
        )
    if prompt_ms > _PROMPT_MS:
        faults.append(
            Fault(
                f"part 0 left {prompt_ms} ms after the trigger", "send part 0 at once, before all but presses"
            )
        )
    acc = acceleration(message.motion)
    gravity = np.median(acc, axis=1, keepdims=True)
    if float(np.abs(acc - gravity).max()) < _BLOW_G * G_MPS2:
        faults.append(
            Fault(
                "part 0 shows no blow", "cut it out of the same buffer and by the same clock as the trigger"
            )
        )
    return faults


def window(parts: Sequence[Heard], from_ms: int, to_ms: int) -> list[Fault]:
    """Motion asked for again: parts of trigger 0 that cover the stretch, the last one marked."""
    parts = sorted(firsts(parts), key=lambda each: each.message.part)
    if not parts:
        return [
            Fault(
                "the motion asked for did not come", "keep the last 120 s, answer SendWindow with up/impact"
            )
        ]
    faults: list[Fault] = []
    if [each.message.part for each in parts] != list(range(len(parts))) or not parts[-1].message.last:
        faults.append(Fault("the parts are not numbered from 0 with the last one marked", "as for an impact"))
    if any(each.rejection for each in parts):
        return faults
    ends_ms = (
        parts[-1].stamp.event_uptime_ms
        + 1000 * parts[-1].message.motion.samples / parts[-1].message.motion.rate_hz
    )
    begins_ms = parts[0].stamp.event_uptime_ms
    if begins_ms > from_ms + 50 or ends_ms < to_ms - 50:
        faults.append(
            Fault(
                f"asked for {from_ms} to {to_ms} ms, got {begins_ms} to {ends_ms:.0f} ms",
                "send the whole stretch, or answer FAILED when it is no longer kept",
            )
        )
    return [*faults, *gaps(parts)]
