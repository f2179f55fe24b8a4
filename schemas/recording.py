"""Recordings of motion on disk (.npz or .csv), and their checks.

`acc_t_s` (n,) s and `acc_mps2` (n, 3) m/s2 including gravity, in device axes; optional
`gps_t_s`, `gps_lat_deg`, `gps_lon_deg`, `gps_speed_mps`, `gps_heading_deg` (m,); scalars
`full_scale_g`, `lowpass_hz` (0 = unknown) and `epoch_s` (Unix time of t = 0).
A .csv has a header with the same names, `acc_x_mps2`, `acc_y_mps2`, `acc_z_mps2` for the
axes; GPS columns are empty on the rows between fixes and share the row's `acc_t_s`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.recording_file import G_MPS2, RecordingError, open_recording

__all__ = ["G_MPS2", "Recording", "RecordingError", "load_recording"]

Floats = NDArray[np.float64]


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
    """Read and check a recording, all of it.

    Raises RecordingError, saying what is wrong and what is wanted, for a file that is
    missing, of another kind, of the wrong shape, or not in m/s2 and seconds.
    """
    file = open_recording(path)
    blocks = list(file.blocks())
    return Recording(
        name=file.name,
        acc_t_s=np.concatenate([times_s for times_s, _ in blocks]),
        acc_mps2=np.concatenate([acc_mps2 for _, acc_mps2 in blocks]),
        gps_t_s=file.gps_t_s,
        gps_lat_deg=file.gps_lat_deg,
        gps_lon_deg=file.gps_lon_deg,
        gps_speed_mps=file.gps_speed_mps,
        gps_heading_deg=file.gps_heading_deg,
        full_scale_g=file.full_scale_g,
        lowpass_hz=file.lowpass_hz,
        epoch_s=file.epoch_s,
    )
