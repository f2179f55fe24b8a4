"""Replays against a real broker (NATS with its MQTT gateway)."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.device_broker import (
    KINDS,
    Backend,
    NatsServer,
    counts_of,
    until,
)

import device_sim.replay
from device_sim.device.link import Broker, Identity
from device_sim.replay import ReplayError, replay
from runtime.state import free_port
from schemas.recording import Recording, load_recording

CHECKOUT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("CBUTTON_SAMPLE_DATA", CHECKOUT.parent / "shared" / "data"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
def backend(server: NatsServer) -> Iterator[Backend]:
    with Backend(server) as backend:
        yield backend


def made_up(seconds: float = 30.0, rate_hz: float = 104.3) -> Recording:
    rng = np.random.default_rng(4)
    count = round(seconds * rate_hz)
    motion = rng.normal(0.0, 0.5, (count, 3)) + np.asarray([0.0, 0.0, 9.8])
    motion[count // 2 : count // 2 + 8, 0] -= 60.0
    fixes_s = np.arange(0.0, seconds, 0.25)
    return Recording(
        name="made-up",
        acc_t_s=100.0 + np.arange(count) / rate_hz,
        acc_mps2=motion,
        gps_t_s=100.0 + fixes_s,
        gps_lat_deg=36.0 + 1e-5 * fixes_s,
        gps_lon_deg=138.0 + 0 * fixes_s,
        gps_speed_mps=np.full(fixes_s.size, 4.4),
        gps_heading_deg=np.full(fixes_s.size, np.nan),
        full_scale_g=0.0,
        lowpass_hz=0.0,
        epoch_s=0.0,
    )


def test_a_replay_publishes_every_sample_and_says_what_it_published(
    server: NatsServer, backend: Backend
) -> None:
    recording = made_up()
    seen: list[float] = []
    played = replay(
        recording,
        server.broker(),
        Identity("0a", "car-001"),
        speed=math.inf,
        progress=lambda at, of: seen.append(at / of),
    )
    total = sum(played.published.values())
    until(lambda: len(backend.heard) >= total, "everything published is heard")
    heard = {name: len(backend.of(name)) for name in KINDS if backend.of(name)}
    assert heard == played.published
    assert heard == {"accel": 31, "gps": 3, "impact": 11, "status": 2}
    counts = counts_of(backend.of("accel"))
    expected = np.rint(recording.acc_mps2 / (16 * 9.80665 / 32768))
    assert np.array_equal(counts, expected)
    frames = [frame.message for frame in backend.of("accel")]
    assert {frame.motion.samples for frame in frames[:-1]} == {104}
    assert frames[0].motion.rate_hz == pytest.approx(104.3, abs=0.01)
    assert frames[0].motion.full_scale_g == 16.0
    assert frames[1].stamp.event_uptime_ms == 997
    assert max(frame.stamp.event_wall_ms for frame in frames) <= time.time() * 1000, (
        "never ahead of the clock"
    )
    fixes = [fix for batch in backend.of("gps") for fix in batch.message.fixes]
    assert [fix.uptime_ms for fix in fixes] == [1000 * n for n in range(30)]
    assert fixes[3].speed_mps == pytest.approx(4.4)
    assert played.triggers == pytest.approx([15.0], abs=0.1)
    assert seen[-1] == pytest.approx(1.0)
    assert seen == sorted(seen)


def test_no_message_leaves_before_what_it_tells_has_happened(server: NatsServer, backend: Backend) -> None:
    even = made_up(12.0, 100.0)
    steps_s = np.full(even.acc_t_s.size - 1, 0.01)
    steps_s[-9:] = 0.045
    uneven = replace(
        even,
        acc_t_s=100.0 + np.concatenate([[0.0], np.cumsum(steps_s)]),
        gps_t_s=np.where(np.arange(even.gps_t_s.size) < 11, 102.2 + np.arange(even.gps_t_s.size), 0.0),
    )
    replay(uneven, server.broker(), Identity("0a", "car-001"), speed=math.inf)
    until(lambda: len(backend.of("gps")) == 2, "both batches")
    assert backend.of("gps")[-1].message.stamp.event_uptime_ms == 12_200
    late = [
        stamp
        for heard in backend.heard
        if (stamp := heard.message.stamp).event_uptime_ms > stamp.sent_uptime_ms
    ]
    assert late == []


def test_a_replay_keeps_time_with_its_speed(server: NatsServer, backend: Backend) -> None:
    begun_s = time.monotonic()
    replay(made_up(6.0), server.broker(), Identity("0a", "car-001"), speed=2.0, trigger=False)
    assert 2.8 < time.monotonic() - begun_s < 6.0
    until(lambda: len(backend.of("accel")) == 7, "all frames")
    frames = backend.of("accel")
    assert 0.35 < (frames[5].at_s - frames[0].at_s) / 5 < 0.65
    assert not backend.of("impact")
    stamps = [frame.message.stamp for frame in frames]
    assert [stamp.sent_uptime_ms - stamp.event_uptime_ms < 1200 for stamp in stamps] == [True] * 7


def test_a_replay_survives_a_broker_that_is_killed(server: NatsServer, backend: Backend) -> None:
    recording = made_up(12.0)

    def progress(at_s: float, of_s: float) -> None:
        if at_s > 4.0 and not killed.is_set():
            killed.set()
            server.kill()
            threading.Timer(1.0, server.start).start()

    killed = threading.Event()
    played = replay(recording, server.broker(), Identity("0a", "car-001"), speed=3.0, progress=progress)
    assert killed.is_set()
    assert played.published["accel"] == 13
    until(lambda: len({frame.sequence for frame in backend.of("accel")}) == 13, "all frames")
    assert counts_of(backend.of("accel")).shape == recording.acc_mps2.shape


def test_a_replay_without_a_broker_says_why(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_sim.replay, "_NO_PROGRESS_S", 2.0)
    with pytest.raises(ReplayError, match=r"did not accept the device for 2 s \(.*authori"):
        replay(made_up(), server.broker("guess"), Identity("0a", "car-001"))
    nobody = Broker("127.0.0.1", free_port())
    with pytest.raises(ReplayError, match=r"unreachable: .*refused"):
        replay(made_up(), nobody, Identity("0a", "car-001"))


def test_a_replay_can_be_stopped(server: NatsServer) -> None:
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    begun_s = time.monotonic()
    played = replay(made_up(), server.broker(), Identity("0a", "car-001"), stopping=stop.is_set)
    assert time.monotonic() - begun_s < 5.0
    assert 1 <= played.published["accel"] <= 3


@pytest.mark.parametrize(
    "name", ["drive_highway_104hz", "drop_fall_1", "drive_rough_100hz_171151", "drive_city_17hz_21"]
)
def test_real_recordings_are_played_or_refused(server: NatsServer, backend: Backend, name: str) -> None:
    path = SAMPLES / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"sample data is not here: {path}")
    recording = load_recording(path)
    if "17hz" in name:
        with pytest.raises(ReplayError, match=r"16\.7 Hz is outside"):
            replay(recording, server.broker(), Identity("0a", "car-001"), speed=math.inf)
        return
    played = replay(recording, server.broker(), Identity("0a", "car-001"), speed=math.inf)
    until(lambda: len(backend.of("accel")) == played.published["accel"], "all frames")
    counts = counts_of(backend.of("accel"))
    assert counts.shape == recording.acc_mps2.shape
    scale = (recording.full_scale_g or 16.0) * 9.80665 / 32768
    assert np.abs(counts * scale - recording.acc_mps2).max() <= scale
    assert bool(played.triggers) == name.startswith("drop")
