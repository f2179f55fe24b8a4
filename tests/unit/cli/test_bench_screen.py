"""The bench of the screen: its noise is what the live system would screen, and its last line is JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pytest
from support.shocks import driving, haversine, motion_of, recording_of, sample_data, struck

from cli.bench import noise as noise_module
from cli.bench.measure import in_turn, ratios, spread
from cli.bench.noise import RATE_HZ, SAMPLES, driving_noise
from cli.bench.screen import measured
from schemas.recording import Recording
from scoring.frames import Frame, Motion
from scoring.memory import Memory, screen_batch
from scoring.screen import screen

CHECKOUT = Path(__file__).parents[3]


def save(folder: Path, recording: Recording) -> None:
    np.savez(
        folder / f"{recording.name}.npz",
        acc_t_s=recording.acc_t_s,
        acc_mps2=recording.acc_mps2,
        full_scale_g=recording.full_scale_g,
        lowpass_hz=recording.lowpass_hz,
        epoch_s=0.0,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path, recording_of(motion_of(driving(40.0, noise_mps2=0.8)), name="calm"))
    struck_once = struck(driving(30.0, 200.0), haversine(6.0, 0.1, 200.0), 2500)
    save(tmp_path, recording_of(motion_of(struck_once, 200.0), name="struck"))
    return tmp_path


def test_the_noise_is_what_the_live_system_would_meet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same frames through the memory give the same tails, and the same figures."""
    monkeypatch.setattr(noise_module, "random_rotation", lambda _: np.eye(3))
    monkeypatch.setattr(np.random, "default_rng", lambda _: InOrder())
    frames = 39 + 29
    noise = driving_noise(folder, frames, seed=0)
    assert "real driving, 2 stretches" in noise.source
    met = 0
    for motion in noise_module._recorded(folder):
        memories: dict[Hashable, Memory] = {}
        for number in range(motion.samples // SAMPLES):
            frame = cut(motion, number)
            if memories:
                memory = memories[None]
                np.testing.assert_allclose(noise.tails.acc_mps2[met], memory.tail_mps2, atol=1e-5)
                np.testing.assert_allclose(noise.tails.gravity_mps2[met], memory.gravity_mps2, atol=1e-5)
                np.testing.assert_array_equal(noise.counts[met], frame.planar)
                assert (noise.tails.low_mps2[met] <= memory.tail_mps2.min(axis=1) + 1e-5).all()
                assert (noise.tails.high_mps2[met] >= memory.tail_mps2.max(axis=1) - 1e-5).all()
                met += 1
            memories.update(screen_batch(memories, [frame])[0])
    assert met == frames


class InOrder:
    """A random generator that leaves frames in order."""

    def permutation(self, count: int) -> np.ndarray:
        return np.arange(count)


def cut(motion: Motion, number: int) -> Frame:
    return noise_module.frames_of(motion, SAMPLES)[number]


def test_without_recordings_the_noise_is_simulated_and_says_so() -> None:
    noise = driving_noise(None, 500, seed=1)
    assert "no recordings were given" in noise.source
    assert noise.counts.shape == (500, 3, 100)
    size = np.linalg.norm(noise.counts.mean(axis=2) * noise.scale_mps2[:, None], axis=1)
    assert np.median(size) == pytest.approx(9.8, abs=0.5)
    result = screen(noise.counts, noise.scale_mps2, RATE_HZ, noise.full_scale_g, noise.tails)
    assert result.is_candidate.mean() < 0.02


def test_real_driving_hardly_gives_candidates() -> None:
    noise = driving_noise(sample_data(), 4000, seed=1)
    result = screen(noise.counts, noise.scale_mps2, RATE_HZ, noise.full_scale_g, noise.tails)
    # One frame in the half hour, in every mount.
    assert 1 <= result.is_candidate.sum() <= 6
    assert (result.peak_g > 0).mean() < 0.02


def test_the_figures_belong_together(folder: Path) -> None:
    result = measured(folder, megabytes=3, rounds=3, seed=1, batch_bytes=1_500_000)
    assert result["bench"] == "screen"
    assert result["batch_frames"] == 2500
    assert result["streamed_mb_per_round"] == 3
    least, most = (result["ratio_spread"][name] for name in ("least", "most"))
    assert 0 < least <= result["ratio"] <= most < 1
    assert result["frames_per_s"] > 1000
    # One second in 68 is struck, and the next may still see it.
    assert 0.9 / 68 < result["candidates_per_h"] / 3600 <= result["measured_share"] < 3 / 68


def test_parts_take_turns_and_none_meets_what_was_just_touched() -> None:
    touched: list[str] = []
    works = {
        name: [lambda name=name, at=at: touched.append(f"{name}{at}") for at in range(4)] for name in "ab"
    }
    seconds = in_turn(works, 2, lambda _: None)
    assert touched[:8] == ["a0", "b2", "a1", "b3", "a2", "b0", "a3", "b1"]
    assert [len(took) for took in seconds.values()] == [2, 2]


def test_ratios_are_taken_round_by_round() -> None:
    assert spread(ratios([1.0, 2.0, 9.0], [2.0, 4.0, 9.0])) == {"median": 0.5, "least": 0.5, "most": 1.0}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CBUTTON_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", "bench", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=CHECKOUT,
        env=env | environment,
    )


def test_the_last_line_is_json_and_numpy_has_one_thread(folder: Path) -> None:
    done = run("screen", "--json", "--megabytes", "1", "--rounds", "1", CBUTTON_SAMPLE_DATA=str(folder))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    told = json.loads(lines[0])
    assert {"ratio", "frames_per_s", "max_min_alone", "candidates_per_h"} <= told.keys()
    assert told["machine"]["numpy_threads"] == "1"
    assert told["machine"]["cores_used"] in {1, None}
    assert str(folder) in told["noise"]
    assert "round 1 of 1" in done.stderr


def test_a_folder_that_is_not_there_is_named() -> None:
    done = run("screen", "--data", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere: no such folder" in done.stderr
