"""Whole recordings: real ones that hold no impact, and made ones that do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.shocks import (
    driving,
    haversine,
    highway,
    measured_crash,
    motion_of,
    recording_of,
    sample_data,
    struck,
    turned,
)

from cli.detect import run
from schemas.impact import Severity
from schemas.recording import Recording, load_recording
from scoring.detect import RateError, Sensor, detect, detect_stream
from scoring.frames import frames_of
from scoring.memory import Memory, screen_batch
from scoring.reasons import Reason
from scoring.sampling import motions_of, rate_of

STRUCK = motion_of(struck(driving(30.0), haversine(30, 0.1), 1712), mount=turned((1, 1, 1), 40))
WEAKER = motion_of(struck(driving(30.0), haversine(12, 0.1), 2712), mount=turned((1, 1, 1), 40))
KEYS = [
    "recording",
    "at_s",
    "severity",
    "delta_v_kmh",
    "delta_v_is_lower_bound",
    "pdof_deg",
    "peak_g",
    "duration_ms",
    "rollover",
    "multiple",
    "reasons",
    "delta_v_from_kmh",
    "delta_v_to_kmh",
    "possible_severities",
    "parked",
    "asi",
    "speed_before_kmh",
    "speed_after_kmh",
    "confidence",
    "detector",
]


def save(folder: Path, recording: Recording) -> Path:
    path = folder / f"{recording.name}.npz"
    arrays = {"acc_t_s": recording.acc_t_s, "acc_mps2": recording.acc_mps2}
    np.savez(path, **arrays, full_scale_g=recording.full_scale_g, lowpass_hz=recording.lowpass_hz)
    return path


@pytest.mark.parametrize("kind", ["drive", "ride", "drop"])
def test_real_recordings_without_an_impact(kind: str) -> None:
    recordings = [load_recording(path) for path in sorted(sample_data().glob(f"{kind}_*.npz"))]
    served = [recording for recording in recordings if recording.rate_hz >= 49.5]
    assert len(served) >= 4
    for recording in served:
        strong = [found for found in detect(recording) if found.severity.rank >= Severity.LIGHT.rank]
        assert strong == [], recording.name


def test_real_driving_gives_few_candidates() -> None:
    hits, hours = 0, 0.0
    for path in sorted([*sample_data().glob("drive_*.npz"), *sample_data().glob("ride_*.npz")]):
        recording = load_recording(path)
        if recording.rate_hz < 49.5:
            continue
        hours += recording.duration_s / 3600
        for motion in motions_of(recording):
            memories: dict[object, Memory] = {}
            for frame in frames_of(motion, round(motion.rate_hz)):
                new, found = screen_batch(memories, [frame])
                memories.update(new)
                hits += len(found)
    assert hours > 0.4
    assert hits / hours < 40


def test_the_measured_crash_in_a_real_recording() -> None:
    made = recording_of(
        motion_of(struck(highway(), measured_crash(30.0), 2345, from_deg=120), mount=turned((3, 1, 0), 130))
    )
    (found,) = detect(made)
    assert found.severity is Severity.SEVERE
    assert found.delta_v_kmh == pytest.approx(30, rel=0.05)
    assert found.uptime_s == pytest.approx(23.5, abs=0.1)


@pytest.mark.parametrize("rate_hz", [50.0, 104.4, 200.0, 1000.0])
def test_rates_from_50_to_1000_are_served(rate_hz: float) -> None:
    car = struck(driving(20.0, rate_hz, noise_mps2=0.8), haversine(18, 0.12, rate_hz), round(12 * rate_hz))
    (found,) = detect(recording_of(motion_of(car, rate_hz)))
    assert found.severity is Severity.MODERATE
    assert found.uptime_s == pytest.approx(12.02, abs=0.03)


@pytest.mark.parametrize("rate_hz", [5.0, 25.0, 40.0, 2000.0])
def test_other_rates_are_refused(rate_hz: float) -> None:
    with pytest.raises(RateError, match="needs 50 to 1000 Hz"):
        detect(recording_of(motion_of(driving(5.0, rate_hz), rate_hz)))


def test_uneven_timestamps_are_evened_out() -> None:
    """Samples that come a fifth faster here and slower there, and jitter besides."""
    recording = recording_of(STRUCK)
    rng = np.random.default_rng(4)
    swing_s = 0.127 * np.sin(2 * np.pi * (recording.acc_t_s - 17.15) / 4)
    uneven_s = np.sort(recording.acc_t_s + swing_s + rng.uniform(-0.002, 0.002, recording.acc_t_s.size))
    acc = np.empty_like(recording.acc_mps2)
    for axis in range(3):
        acc[:, axis] = np.interp(uneven_s, recording.acc_t_s, recording.acc_mps2[:, axis])
    (found,) = detect(replace(recording, acc_t_s=uneven_s, acc_mps2=acc))
    assert found.delta_v_kmh == pytest.approx(30, rel=0.05)
    assert found.uptime_s == pytest.approx(17.14 - uneven_s[0], abs=0.2)


def test_a_recording_with_a_hole_is_read_on_both_sides() -> None:
    recording = recording_of(STRUCK)
    kept = (recording.acc_t_s < 5) | (recording.acc_t_s > 9)
    holed = replace(recording, acc_t_s=recording.acc_t_s[kept], acc_mps2=recording.acc_mps2[kept])
    assert [motion.uptime_s for motion in motions_of(holed)] == pytest.approx([0.0, 9.01])
    (found,) = detect(holed)
    assert found.uptime_s == pytest.approx(17.14, abs=0.03)
    assert found.delta_v_kmh == pytest.approx(30, rel=0.05)


def test_a_short_silence_is_bridged_and_flagged_as_in_live_operation() -> None:
    recording = recording_of(STRUCK)
    kept = (recording.acc_t_s < 16) | (recording.acc_t_s > 17)
    (found,) = detect(replace(recording, acc_t_s=recording.acc_t_s[kept], acc_mps2=recording.acc_mps2[kept]))
    assert found.gap
    assert Reason.GAP in found.reasons
    assert found.delta_v_kmh == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("most", [2, 37, 100, 1711])
def test_blocks_of_any_size_give_what_the_whole_gives(most: int) -> None:
    recording = recording_of(STRUCK)
    rng = np.random.default_rng(most)
    uneven_s = recording.acc_t_s + rng.uniform(0, 0.004, recording.acc_t_s.size)
    for times_s in (recording.acc_t_s, uneven_s):
        (whole,) = detect(replace(recording, acc_t_s=times_s))
        blocks = [
            (times_s[first : first + most], recording.acc_mps2[first : first + most])
            for first in range(0, times_s.size, most)
        ]
        (streamed,) = detect_stream(blocks, Sensor(rate_of(times_s), 16.0, 42.0))
        assert streamed.uptime_s == pytest.approx(whole.uptime_s, abs=0.002)
        # Whether a block is even enough to be taken as it is may differ from block to block.
        assert streamed.delta_v_kmh == pytest.approx(whole.delta_v_kmh, rel=1e-2)
        assert (streamed.severity, streamed.reasons) == (whole.severity, whole.reasons)


def test_an_impact_is_told_once_it_is_sure_and_not_only_at_the_end() -> None:
    recording = recording_of(STRUCK)
    read: list[float] = []

    def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for first in range(0, 3000, 100):
            read.append(float(recording.acc_t_s[first]))
            yield recording.acc_t_s[first : first + 100], recording.acc_mps2[first : first + 100]

    assert next(detect_stream(blocks(), Sensor(100.0, 16.0, 42.0))).severity is Severity.SEVERE
    assert read[-1] == pytest.approx(27.0, abs=1.0)


def test_an_unknown_range_is_taken_for_16_g() -> None:
    loud = motion_of(struck(driving(20.0), haversine(70, 0.15), 1200))
    (found,) = detect(replace(recording_of(loud), full_scale_g=0.0, lowpass_hz=0.0))
    assert found.delta_v_is_lower_bound
    assert Reason.LOWPASS_UNKNOWN in found.reasons


def test_the_force_comes_from_where_gps_says_the_front_is() -> None:
    """Two minutes of braking and turning teach the mount, so that a recording's own GPS gives the direction."""
    rng = np.random.default_rng(5)
    t = np.arange(18_000) / 100
    ahead, turn = 1.5 * np.sin(2 * np.pi * t / 17), 0.12 * np.sin(2 * np.pi * t / 23)
    speed = 14 + np.cumsum(ahead) / 100
    car = driving(180.0, noise_mps2=0.5)
    car[0] += ahead
    car[1] += speed * turn
    car = struck(car, haversine(25, 0.12), 17_000, from_deg=60)
    plain = recording_of(motion_of(car, mount=turned((2, -1, 1), 100)))
    fix = slice(0, None, 100)
    recording = replace(
        plain,
        gps_t_s=t[fix],
        gps_lat_deg=np.zeros(180),
        gps_lon_deg=np.zeros(180),
        gps_speed_mps=speed[fix] + rng.normal(0, 0.1, 180),
        gps_heading_deg=np.degrees(np.cumsum(turn) / 100)[fix] % 360,
    )
    (found,) = detect(recording)
    assert found.pdof_deg == pytest.approx(60, abs=12)
    assert found.speed_before_kmh == pytest.approx(3.6 * speed[17_000], abs=6)
    (without,) = detect(plain)
    assert without.pdof_deg is None


def test_the_command_prints_one_json_line_per_impact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = np.concatenate([STRUCK.acc_mps2, WEAKER.acc_mps2], axis=1)
    files = [
        save(tmp_path, replace(recording_of(motion_of(both.astype(float))), name="two")),
        save(tmp_path, replace(recording_of(motion_of(driving(20.0))), name="none")),
    ]
    assert run(files, as_json=True) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert [(line["recording"], line["severity"]) for line in lines] == [("two", "severe"), ("two", "light")]
    assert [line["at_s"] for line in lines] == pytest.approx([17.14, 57.14], abs=0.05)
    assert err == ""


def test_the_command_reads_the_other_files_when_one_is_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = save(tmp_path, replace(recording_of(motion_of(driving(20.0, 10.0), 10.0)), name="slow"))
    good = save(tmp_path, replace(recording_of(STRUCK), name="good"))
    assert run([tmp_path / "missing.npz", slow, good], as_json=False) == 1
    out, err = capsys.readouterr()
    assert out.startswith("good at 17.1")
    assert "severe" in out
    assert "missing.npz: no such file" in err
    assert "slow: sampled at 10.0 Hz" in err
