"""Recordings of motion on disk (.npz or .csv), and their checks.

`acc_t_s` (n,) s and `acc_mps2` (n, 3) m/s2 including gravity, in device axes; optional
`gps_t_s`, `gps_lat_deg`, `gps_lon_deg`, `gps_speed_mps`, `gps_heading_deg` (m,); scalars
`full_scale_g`, `lowpass_hz` (0 = unknown) and `epoch_s` (Unix time of t = 0).
A .csv has a header with the same names, `acc_x_mps2`, `acc_y_mps2`, `acc_z_mps2` for the
axes; GPS columns are empty on the rows between fixes and share the row's `acc_t_s`.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GPS: Final = ("gps_lat_deg", "gps_lon_deg", "gps_speed_mps", "gps_heading_deg")
_AXES: Final = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
G_MPS2: Final = 9.80665


class RecordingError(ValueError):
    """A file that is not a recording we can use; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording; times in seconds from its start, arrays in time order."""

    name: str
    acc_t_s: Floats
    acc_mps2: Floats
    gps_t_s: Floats
    gps_lat_deg: Floats
    gps_lon_deg: Floats
    gps_speed_mps: Floats
    gps_heading_deg: Floats
    full_scale_g: float
    lowpass_hz: float
    epoch_s: float

    @property
    def rate_hz(self) -> float:
        """Samples per second, by the median interval."""
        return float(1.0 / np.median(np.diff(self.acc_t_s)))

    @property
    def duration_s(self) -> float:
        """From the first sample to the last, in seconds."""
        return float(self.acc_t_s[-1] - self.acc_t_s[0])


def load_recording(path: Path) -> Recording:
    """Read and check a recording.

    Raises RecordingError, saying what is wrong and what is wanted, for a file that is
    missing, of another kind, of the wrong shape, or not in m/s2 and seconds.
    """
    if not path.exists():
        raise RecordingError(f"{path}: no such file")
    if path.suffix == ".npz":
        columns = _read_npz(path)
    elif path.suffix == ".csv":
        columns = _read_csv(path)
    else:
        raise RecordingError(f"{path}: a recording ends in .npz or .csv")
    return _checked(path, columns)


def _read_npz(path: Path) -> dict[str, Floats]:
    try:
        with path.open("rb") as file:
            archive: Any = np.load(file, allow_pickle=False)
            arrays: dict[str, Any] = {} if isinstance(archive, np.ndarray) else dict(archive)
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise RecordingError(f"{path}: not a readable .npz file ({error})") from error
    return {
        name: np.asarray(array, dtype=np.float64)
        for name, array in arrays.items()
        if np.issubdtype(array.dtype, np.number)
    }


def _read_csv(path: Path) -> dict[str, Floats]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty file is warned of, and then no error of ours
            table: Any = np.genfromtxt(path, delimiter=",", names=True, dtype=np.float64)
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise RecordingError(f"{path}: not a readable .csv file ({error})") from error
    names: tuple[str, ...] = table.dtype.names or ()
    missing = [name for name in ("acc_t_s", *_AXES) if name not in names]
    if missing:
        raise RecordingError(f"{path}: missing columns {', '.join(missing)} in the header line")
    columns: dict[str, Floats] = {
        "acc_t_s": np.atleast_1d(table["acc_t_s"]),
        "acc_mps2": np.column_stack([np.atleast_1d(table[axis]) for axis in _AXES]),
    }
    for scalar in ("full_scale_g", "lowpass_hz", "epoch_s"):
        if scalar in names:
            columns[scalar] = np.asarray(np.atleast_1d(table[scalar])[0])
    if all(name in names for name in _GPS[:2]):
        has_fix = np.isfinite(np.atleast_1d(table["gps_lat_deg"]))
        columns["gps_t_s"] = columns["acc_t_s"][has_fix]
        for name in _GPS:
            if name in names:
                columns[name] = np.atleast_1d(table[name])[has_fix]
    return columns


def _checked(path: Path, columns: dict[str, Floats]) -> Recording:
    for name in ("acc_t_s", "acc_mps2"):
        if name not in columns:
            raise RecordingError(f"{path}: has no {name}; found {', '.join(columns) or 'nothing'}")
    times, acceleration = columns["acc_t_s"], columns["acc_mps2"]
    if times.ndim != 1 or acceleration.shape != (times.size, 3):
        raise RecordingError(
            f"{path}: acc_mps2 is {acceleration.shape}, acc_t_s {times.shape}; wanted (n, 3) and (n,)"
        )
    if times.size < 2 or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise RecordingError(f"{path}: acc_t_s must be at least two finite, rising seconds")
    if not np.all(np.isfinite(acceleration)):
        raise RecordingError(f"{path}: acc_mps2 holds NaN or infinity; cut those samples out first")
    typical_mps2 = float(np.median(np.linalg.norm(acceleration, axis=1)))
    if 0.5 < typical_mps2 < 2.0:
        raise RecordingError(
            f"{path}: the median of |acc_mps2| is {typical_mps2:.2f}: this looks like g; multiply by {G_MPS2}"
        )
    fixes = int(columns.get("gps_t_s", np.zeros(0)).size)
    track: dict[str, Floats] = {name: columns.get(name, np.full(fixes, np.nan)) for name in _GPS}
    for name, values in track.items():
        if values.shape != (fixes,):
            raise RecordingError(f"{path}: {name} is {values.shape}; wanted ({fixes},) like gps_t_s")
    return Recording(
        name=path.stem,
        acc_t_s=times,
        acc_mps2=acceleration,
        gps_t_s=columns.get("gps_t_s", np.zeros(0)),
        gps_lat_deg=track["gps_lat_deg"],
        gps_lon_deg=track["gps_lon_deg"],
        gps_speed_mps=track["gps_speed_mps"],
        gps_heading_deg=track["gps_heading_deg"],
        full_scale_g=_scalar(path, columns, "full_scale_g", 16.0),
        lowpass_hz=_scalar(path, columns, "lowpass_hz", 0.0),
        epoch_s=_scalar(path, columns, "epoch_s", 0.0),
    )


def _scalar(path: Path, columns: dict[str, Floats], name: str, otherwise: float) -> float:
    value = columns.get(name, np.asarray(otherwise))
    if value.size != 1 or not np.all(np.isfinite(value)):
        raise RecordingError(f"{path}: {name} must be one finite number")
    return float(value.reshape(()))
