"""What is a recording, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.recording import RecordingError, load_recording

TIMES = np.arange(100) / 100
STILL = np.tile([0.0, 0.0, 9.8], (100, 1))


def written(path: Path, **columns: Any) -> Path:
    np.savez(path, **{"acc_t_s": TIMES, "acc_mps2": STILL, **columns})
    return path


def test_a_recording_is_read_with_what_it_lacks_filled_in(tmp_path: Path) -> None:
    recording = load_recording(written(tmp_path / "drive.npz", full_scale_g=8.0))
    assert recording.name == "drive"
    assert recording.rate_hz == pytest.approx(100)
    assert (recording.full_scale_g, recording.lowpass_hz, recording.epoch_s) == (8.0, 0.0, 0.0)
    assert recording.gps_t_s.size == recording.gps_speed_mps.size == 0


def test_a_table_with_fixes_now_and_then_is_read(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text(
        "acc_t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,gps_lat_deg,gps_lon_deg\n"
        "0.00,0,0,9.8,35.0,139.0\n0.01,0,0,9.8,,\n0.02,0,0,9.8,35.1,139.1\n"
    )
    recording = load_recording(path)
    assert recording.acc_mps2.shape == (3, 3)
    assert recording.gps_t_s.tolist() == [0.0, 0.02]
    assert np.isnan(recording.gps_speed_mps).all()


def truncated(path: Path) -> Path:
    whole = written(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def damaged(path: Path) -> Path:
    np.savez_compressed(path, acc_t_s=TIMES, acc_mps2=np.random.default_rng(1).normal(0, 9, (100, 3)))
    whole = bytearray(path.read_bytes())
    whole[700:760] = bytes(60)
    path.write_bytes(whole)
    return path


def single_array(path: Path) -> Path:
    with path.open("wb") as file:
        np.save(file, TIMES)
    return path


def text(path: Path) -> Path:
    path.write_text("no archive")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("make", [truncated, damaged, single_array, text, empty, Path.mkdir])
@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, make: Any, suffix: str) -> None:
    path = tmp_path / f"drive{suffix}"
    make(tmp_path / "drive.npz")
    if suffix != ".npz":
        (tmp_path / "drive.npz").rename(path)
    with pytest.raises(RecordingError, match=f"drive{suffix}"):
        load_recording(path)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"acc_mps2": STILL[:, :2]}, r"\(100, 2\)"),
        ({"acc_t_s": TIMES[::-1]}, "rising"),
        ({"acc_mps2": STILL * np.nan}, "NaN"),
        ({"acc_mps2": STILL / 9.80665}, "looks like g"),
        ({"gps_lat_deg": np.zeros(3)}, "gps_lat_deg"),
        ({"full_scale_g": np.array([16.0, 8.0])}, "full_scale_g"),
        ({"full_scale_g": np.nan}, "full_scale_g"),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        load_recording(written(tmp_path / "drive.npz", **columns))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        load_recording(tmp_path / "none.npz")
