"""Recordings of instrumented crash tests on disk (.npz): sensors in car axes, sampled fast, gravity removed.

`t_s` (n,) s with 0 at first contact, and `acc_mps2` (n, 3) m/s2 in the axes of SAE J211: x forward, y right, z down.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from schemas.recording_file import RecordingError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CrashRecording:
    """A measured crash: times (n,) in s, 0 at first contact, and (3, n) in m/s2."""

    name: str
    at_s: Floats
    acc_mps2: Floats

    @property
    def rate_hz(self) -> float:
        """Samples per second, by the median interval."""
        return float(1 / np.median(np.diff(self.at_s)))


def load_crash_recording(path: Path) -> CrashRecording:
    """Read and check one. Raises RecordingError, saying what is wrong and what is wanted."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            archive: Any = np.load(file, allow_pickle=False)
            arrays: dict[str, Any] = {} if isinstance(archive, np.ndarray) else dict(archive)
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise RecordingError(f"{path}: not a readable .npz file ({error})") from error
    for name in ("t_s", "acc_mps2"):
        if name not in arrays:
            found = ", ".join(sorted(arrays)) or "nothing"
            raise RecordingError(
                f"{path}: has no {name}; found {found}. A crash test holds t_s and acc_mps2; "
                "a device's recording holds acc_t_s and goes to `cbutton detect`"
            )
    at_s = np.asarray(arrays["t_s"], dtype=np.float64)
    acc = np.asarray(arrays["acc_mps2"], dtype=np.float64)
    if at_s.ndim != 1 or at_s.size < 2 or acc.shape != (at_s.size, 3):
        raise RecordingError(f"{path}: acc_mps2 is {acc.shape}, t_s {at_s.shape}; wanted (n, 3) and (n,)")
    if not np.all(np.isfinite(acc)) or not np.all(np.diff(at_s) > 0):
        raise RecordingError(f"{path}: t_s must rise, and acc_mps2 must not hold NaN or infinity")
    if not np.any(acc[:, :2]):
        raise RecordingError(f"{path}: nothing moves forward or sideways in it")
    return CrashRecording(path.stem, at_s, np.ascontiguousarray(acc.T))
