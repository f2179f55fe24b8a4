"""Motion with known shocks in it: synthetic driving, ideal pulses, and the sample recordings where they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from schemas.recording import G_MPS2, Recording, load_recording
from scoring.frames import Motion
from scoring.sampling import motions_of

Signal = NDArray[np.float64]

UP_IN_CAR = np.array([0.0, 0.0, -G_MPS2])
"""What a resting sensor reads in car axes: x forward, y right, z down."""


def turned(axis: tuple[float, float, float], angle_deg: float) -> Signal:
    """A rotation (3, 3) about an axis, by Rodrigues' formula."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_deg)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def driving(duration_s: float, rate_hz: float = 100.0, *, noise_mps2: float = 0.4, seed: int = 0) -> Signal:
    """Calm driving (3, n) in car axes: gravity, some sway, and road noise."""
    rng = np.random.default_rng(seed)
    n = round(duration_s * rate_hz)
    sway = 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(n) / rate_hz)
    return UP_IN_CAR[:, None] + np.array([[1.0], [0.5], [0.0]]) * sway + rng.normal(0, noise_mps2, (3, n))


def haversine(delta_v_kmh: float, duration_s: float, rate_hz: float = 100.0, *, phase: float = 0.0) -> Signal:
    """The acceleration (n,) of an ideal pulse: A sin^2, with delta-V = A T / 2."""
    share = (np.arange(int(duration_s * rate_hz) + 2) + phase) / rate_hz / duration_s
    return 2 * delta_v_kmh / 3.6 / duration_s * np.sin(np.pi * np.clip(share, 0, 1)) ** 2


def half_sine(delta_v_kmh: float, duration_s: float, rate_hz: float = 100.0, *, phase: float = 0.0) -> Signal:
    """The acceleration (n,) of an ideal pulse: A sin, with delta-V = 2 A T / pi."""
    share = (np.arange(int(duration_s * rate_hz) + 2) + phase) / rate_hz / duration_s
    return np.pi / 2 * delta_v_kmh / 3.6 / duration_s * np.sin(np.pi * np.clip(share, 0, 1))


def struck(car: Signal, pulse: Signal, at: int, *, from_deg: float = 0.0) -> Signal:
    """The motion with a pulse (n,) or (3, n) added from a sample on; the force comes from `from_deg`."""
    angle = np.radians(from_deg)
    if pulse.ndim == 1:
        pulse = np.array([-np.cos(angle), -np.sin(angle), 0.0])[:, None] * pulse
    else:
        spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        pulse = spin @ pulse
    hit = car.copy()
    room = hit[:, at : at + pulse.shape[1]]
    room += pulse[:, : room.shape[1]]
    return hit


def motion_of(
    acc_mps2: Signal,
    rate_hz: float = 100.0,
    *,
    mount: Signal | None = None,
    full_scale_g: float = 16.0,
    uptime_s: float = 100.0,
) -> Motion:
    """What a sensor of that range, mounted so (device from car axes), would have read."""
    read = (np.eye(3) if mount is None else mount) @ acc_mps2
    limit = full_scale_g * G_MPS2
    return Motion(np.clip(read, -limit, limit).astype(np.float32), uptime_s, rate_hz, full_scale_g, 42.0)


def recording_of(motion: Motion, *, name: str = "made") -> Recording:
    """The motion as a recording without GPS, beginning at 0 s."""
    none = np.zeros(0)
    times_s = np.arange(motion.samples) / motion.rate_hz
    acc = np.ascontiguousarray(motion.acc_mps2.T, dtype=np.float64)
    return Recording(
        name, times_s, acc, none, none, none, none, none, motion.full_scale_g, motion.lowpass_hz, 0.0
    )


def sample_data() -> Path:
    """The folder of sample recordings; a test that needs it is skipped where there is none."""
    checkout = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("CBUTTON_SAMPLE_DATA", checkout.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample recordings in {folder} (set CBUTTON_SAMPLE_DATA)")
    return folder


def measured_crash(delta_v_kmh: float, rate_hz: float = 100.0, *, phase: float = 0.0) -> Signal:
    """NHTSA test 10146 in car axes (3, n), as a sensor with a 42 Hz second-order low-pass samples it, scaled."""
    with np.load(sample_data() / "crash_v10146_veh1.npz") as archive:
        acc = np.asarray(archive["acc_mps2"], dtype=np.float64).T
    b, a = butter(2, 42.0, fs=10_000.0)
    smooth = lfilter(b, a, acc, axis=1)
    velocity = np.cumsum(smooth[:2], axis=1) / 10_000.0
    smooth = smooth * (delta_v_kmh / 3.6 / np.linalg.norm(velocity, axis=0).max())
    step = 10_000.0 / rate_hz
    at = np.rint((np.arange(int(acc.shape[1] / step) - 1) + phase) * step).astype(int)
    return smooth[:, at]


def highway(rate_hz: float = 100.0) -> Signal:
    """A minute of real motorway in car axes but for an unknown heading, (3, n)."""
    motion = motions_of(load_recording(sample_data() / "drive_highway_104hz.npz"))[0]
    times_s = np.arange(int(motion.samples / motion.rate_hz * rate_hz) - 1) / rate_hz
    read = np.array(
        [np.interp(times_s, np.arange(motion.samples) / motion.rate_hz, axis) for axis in motion.acc_mps2]
    )
    up = np.median(read, axis=1)
    axis = np.cross(up, UP_IN_CAR)
    size = np.linalg.norm(axis)
    if size < 1e-6:
        return read
    angle = np.degrees(np.arctan2(size, up @ UP_IN_CAR))
    return turned((axis[0], axis[1], axis[2]), float(angle)) @ read
