"""Mounts: learnt in the background, kept, used at an impact, dropped when the device was moved."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from psycopg.types.json import Jsonb
from support.insured import Insured, insured_world
from support.lanes import DEVICE
from support.shocks import driving, haversine, motion_of, struck, turned

from ingest import copying
from ingest.assess import Assessor
from ingest.copying import ACCEL_FRAMES, GPS_FIXES
from ingest.driver import Driver
from ingest.mounts import Learner
from scoring.frames import frames_of
from scoring.mount import Mount
from scoring.rest import angle_deg

SHARD = "03"
SITS = turned((1.0, 2.0, 0.5), 70.0)
MOVED = turned((0.0, 1.0, 0.0), 40.0) @ SITS
FIRST_S = 100
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as world:
        world.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", [DEVICE, SHARD])
        yield world


def drive(
    world: Insured, mount: np.ndarray, *, seconds: int = 300, dull: bool = False, hit: bool = False
) -> int:
    """Store what a device that sits so sends of a drive that ends now; the uptime in ms of its end, or of the hit."""
    n = seconds * 100
    t = np.arange(n) / 100
    ahead = (not dull) * (np.sin(2 * np.pi * t / 19) + 0.7 * np.sin(2 * np.pi * t / 7.3))
    turn = (not dull) * 0.1 * np.sin(2 * np.pi * t / 29)
    speed = 15 + np.cumsum(ahead) / 100
    car = driving(seconds, noise_mps2=0.6)
    car[0] += ahead
    car[1] += speed * turn
    if hit:
        car = struck(car, haversine(20, 0.1), n - 300, from_deg=90)
    begun = datetime.now(UTC) - seconds * SECOND
    course = np.degrees(np.cumsum(turn) / 100) % 360
    frames = frames_of(motion_of(car, mount=mount, uptime_s=FIRST_S), 100)
    boot = world.one("SELECT coalesce(max(boot_id), 0) + 1 AS n FROM accel_frames")["n"]
    with world.conn.transaction():
        frame_rows = [
            (
                *(DEVICE, boot, index + 1, begun + index * SECOND, frame.uptime_ms, begun, False),
                *(frame.rate_hz, frame.samples, frame.scale_mps2, frame.full_scale_g, frame.lowpass_hz),
                frame.counts,
            )
            for index, frame in enumerate(frames)
        ]
        assert copying.store(world.conn, ACCEL_FRAMES, frame_rows).refused == {}
        fix_rows = [
            (
                *(DEVICE, boot, index + 1, 0, begun + index * SECOND, 1000 * (FIRST_S + index), False),
                *(35.0, 139.0, float(speed[100 * index]), float(course[100 * index]), 3.0),
            )
            for index in range(seconds)
        ]
        assert copying.store(world.conn, GPS_FIXES, fix_rows).refused == {}
    return 1000 * (FIRST_S + seconds - (3 if hit else 0))


def known(world: Insured) -> Mount | None:
    rows = world.rows("SELECT * FROM device_mounts")
    return Mount.from_dict(rows[0]) if rows else None


def sits(mount: Mount | None, way: np.ndarray) -> bool:
    return mount is not None and all(angle_deg(mount.rotation[axis], way[:, axis]) < 8 for axis in range(3))


def keep(
    world: Insured, way: np.ndarray, *, quality: float = 0.95, age: timedelta = timedelta(hours=1)
) -> None:
    world.conn.execute(
        "INSERT INTO device_mounts VALUES (%s, %s, %s, 200, clock_timestamp() - %s)",
        [DEVICE, Jsonb(way.T.tolist()), quality, age],
    )


def test_the_mount_of_a_device_that_drives_is_learnt_in_the_background(world: Insured) -> None:
    learner = Learner((SHARD,))
    learner.turn(world.conn)
    assert known(world) is None
    drive(world, SITS, dull=True)
    learner.turn(world.conn)
    assert known(world) is None
    drive(world, SITS)
    learner.turn(world.conn)  # the round ends
    learner.turn(world.conn)
    assert sits(known(world), SITS)
    assert Learner(("04",))._next(world.conn) is None


def test_every_device_has_its_turn(world: Insured) -> None:
    for number in range(120):
        world.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", [f"CB-A{number:03d}", SHARD])
    drive(world, SITS)
    learner = Learner((SHARD,))
    for _ in range(3):
        assert known(world) is None
        learner.turn(world.conn)
    assert sits(known(world), SITS)


@pytest.mark.parametrize(
    ("quality", "age", "replaced"),
    [
        (0.99, timedelta(hours=3), False),
        (0.99, timedelta(days=2), True),
        (0.65, timedelta(minutes=5), False),
        (0.65, timedelta(minutes=20), True),
        (0.799, timedelta(hours=3), True),
    ],
)
def test_a_poor_or_old_mount_is_replaced_and_a_good_one_left(
    world: Insured, quality: float, age: timedelta, *, replaced: bool
) -> None:
    askew = turned((0.0, 0.0, 1.0), 30.0)
    keep(world, SITS @ askew, quality=quality, age=age)
    drive(world, SITS)
    Learner((SHARD,)).turn(world.conn)
    assert sits(known(world), SITS) is replaced
    assert sits(known(world), SITS @ askew) is not replaced


def test_a_mount_that_no_longer_fits_is_dropped_even_where_none_can_be_learnt(world: Insured) -> None:
    keep(world, MOVED, age=timedelta(days=2))
    drive(world, SITS, dull=True)
    Learner((SHARD,)).turn(world.conn)
    assert known(world) is None


def decide(world: Insured, uptime_ms: int) -> dict[str, object]:
    world.conn.execute(
        "INSERT INTO candidates (device_id, boot_id, uptime_ms, lane, shard, at, late, due_at)"
        " VALUES (%s, 1, %s, 'bulk', %s, now() - interval '3 s', false, now())",
        [DEVICE, uptime_ms, SHARD],
    )
    Assessor(world.incidents, Driver.by(world.settings), "bulk", (SHARD,)).decide_due(world.conn)
    return world.one("SELECT * FROM impacts")


def test_an_impact_takes_its_direction_from_the_mount_that_is_kept(world: Insured) -> None:
    keep(world, SITS)
    # Too short and dull to learn from.
    impact = decide(world, drive(world, SITS, seconds=40, dull=True, hit=True))
    assert impact["pdof_deg"] == pytest.approx(90, abs=15)


def test_a_mount_learnt_after_an_impact_says_nothing_of_it(world: Insured) -> None:
    keep(world, SITS, age=timedelta())
    impact = decide(world, drive(world, SITS, seconds=40, dull=True, hit=True))
    assert impact["pdof_deg"] is None
    assert "no_mount" in impact["reasons"]


def test_a_mount_that_does_not_fit_at_an_impact_is_dropped_and_learnt_from_before(world: Insured) -> None:
    keep(world, MOVED)
    impact = decide(world, drive(world, SITS, hit=True))
    assert impact["pdof_deg"] == pytest.approx(90, abs=15)
    assert known(world) is None
