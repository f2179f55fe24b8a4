"""`cbutton crash-test`: what it prints, and what it says of files it cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.shocks import half_sine, sample_data

from cli.crash_test import run

RATE_HZ = 10_000.0


def saved(path: Path, **arrays: np.ndarray) -> Path:
    pulse = half_sine(40.0, 0.12, RATE_HZ)
    acc = np.zeros((6_000, 3))
    acc[2_000 : 2_000 + pulse.size, 0] = -pulse
    np.savez(path, **{"t_s": (np.arange(6_000) - 2_000) / RATE_HZ, "acc_mps2": acc, **arrays})
    return path


def test_a_crash_test_is_measured_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([saved(tmp_path / "ideal.npz")], as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recording"] == "ideal"
    assert found["delta_v_kmh"] == pytest.approx(40.0, rel=0.01)
    assert found["injury"]["mais3_plus"]["models"]["NHTSA 2022 frontal"] == pytest.approx(0.0497, abs=0.001)


def test_the_real_one_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([sample_data() / "crash_v10146_veh1.npz"], as_json=False) == 0
    out = capsys.readouterr().out
    assert "66.5 km/h at 113 ms" in out
    assert "to 87 ms" in out
    assert "12 o'clock" in out


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"acc_mps2": np.zeros((6_000, 2))}, r"(6000, 2)"),
        ({"acc_mps2": np.full((6_000, 3), np.nan)}, "NaN"),
        ({"acc_mps2": np.zeros((6_000, 3))}, "nothing moves"),
        ({"t_s": np.arange(6_000) / 1_000.0}, "CFC 180 needs 1800 samples a second"),
        ({"t_s": np.zeros(6_000)}, "must rise"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arrays: dict[str, np.ndarray], said: str
) -> None:
    assert run([saved(tmp_path / "bad.npz", **arrays), saved(tmp_path / "good.npz")], as_json=True) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["recording"] == "good"
    assert said in err
    assert "bad.npz" in err


def test_a_devices_recording_is_sent_to_the_other_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "drive.npz", acc_t_s=np.arange(3.0), acc_mps2=np.zeros((3, 3)))
    assert run([tmp_path / "drive.npz", tmp_path / "none.npz"], as_json=True) == 1
    err = capsys.readouterr().err
    assert "`cbutton detect`" in err
    assert "no such file" in err
