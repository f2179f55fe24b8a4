"""The recordings of a folder, told apart by what they hold and not by what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from schemas.crash_recording import CrashRecording, load_crash_recording
from schemas.recording import Recording, RecordingError, load_recording
from scoring.frames import DRIFT, MAX_RATE_HZ, MIN_RATE_HZ

Signal = NDArray[np.float64]

ANOMALY_HZ: Final = 50.0
"""Road anomalies carry no times; Gonzalez et al. 2017, the only set of their kind, sampled them at 50 Hz."""


@dataclass(frozen=True, slots=True, eq=False)
class Anomalies:
    """Snippets (n,) of the vertical over one kind of road anomaly, m/s2 with gravity, at `ANOMALY_HZ`."""

    name: str
    snippets: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a folder held; `not_judged` are (file, reason)."""

    crashes: tuple[CrashRecording, ...] = ()
    anomalies: tuple[Anomalies, ...] = ()
    drives: tuple[Recording, ...] = ()
    drops: tuple[Recording, ...] = ()
    not_judged: tuple[tuple[str, str], ...] = ()


def read_material(folder: Path) -> Material:
    """Read every .npz and .csv below a folder. Raises FileNotFoundError where there is no folder."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    crashes: list[CrashRecording] = []
    anomalies: list[Anomalies] = []
    drives: list[Recording] = []
    drops: list[Recording] = []
    not_judged: list[tuple[str, str]] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".npz", ".csv"}):
        columns = _columns(path)
        if {"t_s", "acc_mps2"} <= columns:
            try:
                crashes.append(load_crash_recording(path))
            except RecordingError as error:
                not_judged.append((path.name, str(error)))
        elif {"acc_z_mps2", "length"} <= columns:
            anomalies.append(_anomalies(path))
        elif "acc_t_s" in columns:
            try:
                recording = load_recording(path)
            except RecordingError as error:
                not_judged.append((path.name, str(error)))
                continue
            rate_hz = recording.rate_hz
            if not MIN_RATE_HZ * (1 - DRIFT) <= rate_hz <= MAX_RATE_HZ * (1 + DRIFT):
                not_judged.append((path.name, f"sampled at {rate_hz:.1f} Hz, outside 50 to 1,000"))
            else:
                (drops if path.name.startswith("drop") else drives).append(recording)
        else:
            not_judged.append((path.name, "holds no motion"))
    return Material(tuple(crashes), tuple(anomalies), tuple(drives), tuple(drops), tuple(not_judged))


def _columns(path: Path) -> set[str]:
    try:
        if path.suffix == ".npz":
            # np.load leaves a file open that it cannot read.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return set(archive.files)
        with path.open(encoding="utf-8") as lines:
            return {name.strip() for name in lines.readline().split(",")}
    except (OSError, ValueError, EOFError, BadZipFile):
        return set()


def _anomalies(path: Path) -> Anomalies:
    with np.load(path, allow_pickle=False) as archive:
        rows = np.asarray(archive["acc_z_mps2"], dtype=np.float64)
        lengths = np.asarray(archive["length"], dtype=np.int64).tolist()
    return Anomalies(path.stem, tuple(row[:length] for row, length in zip(rows, lengths, strict=True)))
