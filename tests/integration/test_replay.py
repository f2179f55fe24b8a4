"""Real recordings through the whole chain: every frame arrives, and only a real crash is an incident."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from scipy import signal
from support.servers import short_folder

from device_sim.device.link import Broker, Identity
from device_sim.replay import Played, replay
from runtime.nats import DEVICE_USER
from runtime.settings import Settings
from runtime.stack import Stack, standard_roles
from schemas.recording import Recording, load_recording

SAMPLES = Path(
    os.environ.get("CBUTTON_SAMPLE_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data")
)
DRIVES = sorted(path.stem for pattern in ("drive_*.npz", "ride_*.npz") for path in SAMPLES.glob(pattern))
FAST_ENOUGH = [name for name in DRIVES if load_recording(SAMPLES / f"{name}.npz").rate_hz >= 50]

pytestmark = pytest.mark.skipif(not DRIVES, reason=f"no sample recordings in {SAMPLES}")


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    with short_folder() as folder:

        def roles(settings: Settings) -> Any:
            return tuple(role for role in standard_roles(settings) if role.name.startswith("ingest"))

        with Stack(Settings(state_dir=folder), roles=roles, fast_unsafe=True) as running:
            running.start()
            yield running


def play(stack: Stack, device: str, recording: Recording) -> tuple[Played, dict[str, Any]]:
    """Replay as a new device; what was published, and what the database has once all of it is there."""
    broker = Broker(
        "127.0.0.1",
        stack.settings.mqtt_port,
        DEVICE_USER,
        stack.settings.mqtt_device_password.get_secret_value(),
    )
    with psycopg.connect(stack.settings.database_url.get_secret_value(), autocommit=True) as conn:
        conn.execute("INSERT INTO devices (id, shard) VALUES (%s, '05')", (device,))
        played = replay(recording, broker, Identity("05", device), speed=math.inf)
        deadline_s = time.monotonic() + 60
        while True:
            row = conn.execute(
                """SELECT (SELECT count(*) FROM accel_frames WHERE device_id = %(d)s),
                          (SELECT count(*) FROM impact_parts WHERE device_id = %(d)s),
                          (SELECT count(*) FROM candidates WHERE device_id = %(d)s)""",
                {"d": device},
            ).fetchone()
            assert row is not None
            complete = row[:2] == (played.published["accel"], played.published.get("impact", 0))
            if (complete and row[2] == 0) or time.monotonic() > deadline_s:
                break
            time.sleep(0.1)
        found = {
            "frames": row[0],
            "parts": row[1],
            "candidates": row[2],
            "severities": [
                severity
                for (severity,) in conn.execute(
                    "SELECT severity FROM impacts WHERE device_id = %s ORDER BY uptime_ms", (device,)
                ).fetchall()
            ],
            "incidents": conn.execute(
                "SELECT severity FROM incidents WHERE device_id = %s", (device,)
            ).fetchall(),
        }
    return played, found


@pytest.mark.parametrize("name", FAST_ENOUGH)
def test_every_frame_of_a_real_drive_is_stored_and_none_is_an_incident(stack: Stack, name: str) -> None:
    recording = load_recording(SAMPLES / f"{name}.npz")
    played, found = play(stack, f"R-{name}"[:40], recording)
    assert played.published["accel"] == math.ceil(recording.acc_t_s.size / round(recording.rate_hz))
    assert found["frames"] == played.published["accel"]
    assert found["parts"] == played.published.get("impact", 0)
    assert found["incidents"] == []
    assert found["candidates"] == 0


def crashed_drive(delta_v_kmh: float, yaw_deg: float) -> Recording:
    """The measured frontal barrier pulse, scaled, laid over a minute of real motorway driving.

    The pulse goes through a 42 Hz second-order low-pass and is sampled at 100 Hz, like the drive.
    """
    drive = load_recording(SAMPLES / "drive_highway_104hz.npz")
    with np.load(SAMPLES / "crash_v10146_veh1.npz") as crash:
        pulse_t_s, pulse_mps2 = crash["t_s"], crash["acc_mps2"]
    rate_hz = 1.0 / float(np.median(np.diff(pulse_t_s)))
    filtered = signal.sosfilt(signal.butter(2, 42.0, fs=rate_hz, output="sos"), pulse_mps2[:, :2], axis=0)
    inside = (pulse_t_s >= 0) & (pulse_t_s <= 0.25)
    velocity = np.cumsum(filtered[inside], axis=0) / rate_hz
    filtered *= delta_v_kmh / 3.6 / float(np.max(np.linalg.norm(velocity, axis=1)))

    t_s = np.arange(drive.acc_t_s[0], drive.acc_t_s[-1], 0.01)
    acc = np.column_stack([np.interp(t_s, drive.acc_t_s, drive.acc_mps2[:, axis]) for axis in range(3)])
    forward, right = _horizontal(acc, yaw_deg)
    for along, axis in ((forward, 0), (right, 1)):
        laid = np.interp(
            t_s - (t_s[0] + 30.0), pulse_t_s[inside], filtered[inside, axis], left=0.0, right=0.0
        )
        acc = acc + laid[:, None] * along
    return Recording(
        name="crashed_drive",
        acc_t_s=t_s,
        acc_mps2=acc,
        gps_t_s=np.zeros(0),
        gps_lat_deg=np.zeros(0),
        gps_lon_deg=np.zeros(0),
        gps_speed_mps=np.zeros(0),
        gps_heading_deg=np.zeros(0),
        full_scale_g=16.0,
        lowpass_hz=42.0,
        epoch_s=0.0,
    )


def _horizontal(acc: NDArray[np.float64], yaw_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors across gravity, turned by a yaw."""
    up = np.median(acc, axis=0)
    up /= np.linalg.norm(up)
    first = np.cross(up, [1.0, 0.0, 0.0] if abs(up[0]) < 0.9 else [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(up, first)
    yaw = math.radians(yaw_deg)
    return math.cos(yaw) * first + math.sin(yaw) * second, math.cos(yaw) * second - math.sin(yaw) * first


@pytest.mark.parametrize("yaw_deg", [0, 130])
def test_a_measured_crash_of_30_kmh_is_exactly_one_severe_incident(stack: Stack, yaw_deg: int) -> None:
    _, found = play(stack, f"R-crash-{yaw_deg}", crashed_drive(30.0, yaw_deg))
    assert found["severities"] == ["severe"]
    assert found["incidents"] == [("severe",)]
