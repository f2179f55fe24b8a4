"""Ten thousand good messages among ten thousand bad ones, through the real broker and database."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Generator
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.servers import short_folder

from runtime.nats import DEVICE_USER
from runtime.settings import Settings
from runtime.stack import Stack, standard_roles
from schemas import topics
from schemas.wire import device_pb2 as wire

GOOD = 10_000
BAD_OF_EACH = 1_423
OVERSIZED = 39
DEVICES = [f"CB-F{n:02d}" for n in range(20)]
SHARDS = {device: f"{index % 16:02x}" for index, device in enumerate(DEVICES)}
NOW_MS = int(time.time() * 1000)


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    with short_folder() as folder:
        roles = lambda settings: tuple(  # noqa: E731
            role for role in standard_roles(settings) if role.name != "api"
        )
        with Stack(
            Settings(state_dir=folder, time_scale=0.1), roles=roles, simulate_carrier=True, fast_unsafe=True
        ) as stack:
            stack.start()
            with psycopg.connect(stack.settings.database_url.get_secret_value()) as conn:
                for device, shard in SHARDS.items():
                    conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", (device, shard))
            yield stack


def stamp(sequence: int, **changes: Any) -> wire.Stamp:
    values: dict[str, Any] = {
        "version": 1,
        "boot_id": 9,
        "sequence": sequence,
        "event_uptime_ms": sequence * 1000,
        "sent_uptime_ms": sequence * 1000 + 20,
        "event_wall_ms": NOW_MS + sequence,
        "clock": wire.Stamp.GPS,
    }
    return wire.Stamp(**(values | changes))


def frame(sequence: int, rng: random.Random, **motion: Any) -> wire.Accel:
    counts = rng.randbytes(0) + bytes(600)
    values: dict[str, Any] = {
        "rate_hz": 100.0,
        "samples": 100,
        "scale_mps2": 0.0048,
        "full_scale_g": 16.0,
        "lowpass_hz": 42.0,
        "counts": counts,
    }
    return wire.Accel(stamp=stamp(sequence), motion=wire.Motion(**(values | motion)))


def bad_messages(rng: random.Random) -> list[tuple[str, str, bytes]]:
    """(device, name, payload) of every kind of unreadable message, and the reasons they must get."""
    bad: list[tuple[str, str, bytes]] = []
    for n in range(BAD_OF_EACH):
        device = rng.choice(DEVICES)
        good = frame(1_000_000 + n, rng)
        whole = good.SerializeToString()
        bad.append((device, "accel", b"\xff" + rng.randbytes(rng.randrange(1, 400))))
        bad.append((device, "accel", whole[: rng.randrange(1, len(whole) - 1)]))
        old = wire.Accel()
        old.CopyFrom(good)
        old.stamp.version = 9
        bad.append((device, "accel", old.SerializeToString()))
        bad.append((device, "accel", frame(1_000_000 + n, rng, scale_mps2=math.nan).SerializeToString()))
        bad.append((device, "accel", frame(1_000_000 + n, rng, rate_hz=math.inf).SerializeToString()))
        for wall_ms in (0, 4_102_444_800_000):
            when = wire.Accel()
            when.CopyFrom(good)
            when.stamp.event_wall_ms = wall_ms
            if n % 2 == (wall_ms == 0):
                bad.append((device, "accel", when.SerializeToString()))
        bad.append((f"CB-STRANGER-{n}", "accel", whole))
        if n < OVERSIZED:
            bad.append((device, "accel", rng.randbytes(900_000)))
    return bad


def presses() -> list[tuple[str, bytes]]:
    """Presses whose clocks and places are nonsense; each must open an incident."""
    strange = [
        {"event_wall_ms": 0},
        {"event_wall_ms": 4_102_444_800_000},
        {"event_uptime_ms": 2**63, "sent_uptime_ms": 1},
        {"clock": wire.Stamp.UNSET},
    ]
    made: list[tuple[str, bytes]] = []
    for n, device in enumerate(DEVICES):
        fix = wire.Fix(lat_deg=math.nan, lon_deg=math.inf)
        press = wire.Button(stamp=stamp(2_000_000, **strange[n % 4]), kind=wire.Button.LONG, fix=fix)
        made.append((device, press.SerializeToString()))
    return made


def publisher(settings: Settings) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(DEVICE_USER, settings.mqtt_device_password.get_secret_value())
    client.max_inflight_messages_set(500)
    client.connect("127.0.0.1", settings.mqtt_port)
    client.loop_start()
    return client


def test_every_good_one_is_stored_and_every_bad_one_is_kept_with_its_reason(stack: Stack) -> None:
    rng = random.Random(5)
    bad = bad_messages(rng)
    good = [(DEVICES[n % len(DEVICES)], n // len(DEVICES) + 1) for n in range(GOOD)]
    urgent = presses()
    assert len(bad) == 10_000
    work: list[tuple[str, str, bytes]] = list(bad)
    work += [(device, "accel", frame(sequence, rng).SerializeToString()) for device, sequence in good]
    work += [(device, "button", payload) for device, payload in urgent]
    rng.shuffle(work)
    pids = {child.name: child.pid for child in stack.status()}

    client = publisher(stack.settings)
    for device, name, payload in work:
        shard = SHARDS.get(device, "00")
        info = client.publish(topics.up(shard, device, name), payload, qos=1)
    info.wait_for_publish(120)

    with psycopg.connect(stack.settings.database_url.get_secret_value(), autocommit=True) as conn:
        deadline = time.monotonic() + 120
        counted: dict[str, int] = {}
        while time.monotonic() < deadline:
            counted = {
                "frames": _one(conn, "SELECT count(*) FROM accel_frames"),
                "dead": _one(conn, "SELECT count(*) FROM dead_letters"),
                "incidents": _one(conn, "SELECT count(*) FROM incidents"),
            }
            if counted == {"frames": GOOD, "dead": len(bad), "incidents": len(urgent)}:
                break
            time.sleep(0.3)
        assert counted == {"frames": GOOD, "dead": len(bad), "incidents": len(urgent)}
        reasons = Counter(
            dict(conn.execute("SELECT reason, count(*) FROM dead_letters GROUP BY reason").fetchall())
        )
        flags = conn.execute("SELECT DISTINCT unnest(flags) FROM incidents").fetchall()
        sizes = _one(conn, "SELECT count(*) FROM dead_letters WHERE size_bytes = 900000")
    client.disconnect()
    client.loop_stop()
    assert reasons["unknown_device"] == BAD_OF_EACH
    assert reasons["not_finite"] == 2 * BAD_OF_EACH
    assert reasons["bad_time"] == BAD_OF_EACH
    assert reasons["unsupported_version"] >= BAD_OF_EACH
    assert sizes == reasons["too_large"] == OVERSIZED
    assert {"clock_implausible", "bad_position", "uptime_implausible", "clock_unset"} <= {
        flag for (flag,) in flags
    }
    assert {child.name: child.pid for child in stack.status()} == pids
    assert all(child.state == "ready" for child in stack.status())


def _one(conn: psycopg.Connection[Any], query: Any) -> int:
    row = conn.execute(query).fetchone()
    assert row is not None
    return int(row[0])
