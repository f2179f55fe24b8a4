"""Both lanes against the real broker and database when something goes wrong that nobody foresaw."""

from __future__ import annotations

import queue
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from support.insured import Insured, insured_world
from support.lanes import DEVICE, SHARDS, Lane, frame, running_lane, stamp
from support.servers import Broker
from support.shocks import driving, haversine, struck

from ingest import fleet
from ingest.bulk import BulkLane
from ingest.dead_letters import bury
from ingest.envelope import Rejection, Stamp
from ingest.fleet import Fleet
from ingest.session import Session, SubscriptionRefused
from ingest.surroundings import Moment, fixes_in, motion_in
from schemas import topics
from schemas.wire import device_pb2 as wire

POISON = 666
NOBODY_FORESAW = f"""
CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.boot_id = {POISON} THEN RAISE EXCEPTION 'nobody foresaw this'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stumble BEFORE INSERT ON device_boots FOR EACH ROW EXECUTE FUNCTION stumble();
"""


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as world:
        yield world


@pytest.fixture
def bulk(world: Insured, broker: Broker) -> Generator[Lane]:
    with running_lane(world, broker, "bulk") as lane:
        yield lane


@pytest.fixture
def urgent(world: Insured, broker: Broker) -> Generator[Lane]:
    with running_lane(world, broker, "urgent") as lane:
        yield lane


def test_a_message_that_cannot_be_worked_off_does_not_hold_up_its_batch(bulk: Lane) -> None:
    bulk.world.conn.execute(NOBODY_FORESAW)
    bulk.publish("accel", *(frame(stamp(boot=boot)) for boot in (1, 2, POISON, 3, 4)))
    bulk.work(5)
    assert [row["boot_id"] for row in bulk.world.rows("SELECT boot_id FROM accel_frames ORDER BY 1")] == [
        1,
        2,
        3,
        4,
    ]
    assert bulk.reasons() == ["failed"]
    # What a rollback took back is not remembered as done.
    assert bulk.world.one("SELECT count(*) AS n FROM device_boots")["n"] == 4
    bulk.start_anew()
    time.sleep(6)
    assert bulk.inbox.empty()


def test_an_acknowledgement_that_cannot_be_worked_off_does_not_hold_up_its_batch(bulk: Lane) -> None:
    incident_id = bulk.world.report(DEVICE)
    command = bulk.world.one("SELECT id FROM outbox WHERE kind = 'command' AND incident_id = %s", incident_id)
    bulk.world.conn.execute(
        """CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'nobody foresaw this'; END $$;
           CREATE TRIGGER stumble BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION stumble();"""
    )
    done = wire.Ack(stamp=stamp(2), command_id=str(command["id"]), result=wire.Ack.DONE)
    bulk.publish("ack", done)
    bulk.publish("accel", frame(stamp(1)))
    bulk.work(2)
    assert bulk.world.one("SELECT count(*) AS n FROM accel_frames")["n"] == 1
    assert bulk.reasons() == ["failed"]


def test_a_press_that_cannot_be_worked_off_waits_and_holds_up_nobody(urgent: Lane) -> None:
    urgent.world.conn.execute(NOBODY_FORESAW)
    press = {"kind": wire.Button.LONG, "held_ms": 3000}
    urgent.publish("button", wire.Button(stamp=stamp(boot=POISON), **press))
    urgent.publish("status", wire.Status(stamp=stamp(2, boot=POISON), state=wire.Status.ONLINE))
    urgent.publish("button", wire.Button(stamp=stamp(boot=7), **press))
    urgent.work(3)
    presses = "SELECT boot_id, incident_id IS NOT NULL AS filed FROM presses ORDER BY boot_id"
    assert urgent.world.rows(presses) == [{"boot_id": 7, "filed": True}]
    assert urgent.reasons() == ["failed"]
    urgent.world.conn.execute("DROP TRIGGER stumble ON device_boots")
    urgent.work(1)
    assert [row["filed"] for row in urgent.world.rows(presses)] == [True, True]


def work_on(lane: Lane) -> None:
    """Until something goes wrong: the broker may have something else for this shard before what a test sent."""
    while True:
        lane.work(1, within_s=5.0)


@pytest.mark.parametrize("lane", ["bulk", "urgent"])
def test_a_database_of_another_version_makes_no_message_a_bad_one(
    lane: str, request: pytest.FixtureRequest
) -> None:
    used: Lane = request.getfixturevalue(lane)
    used.world.conn.execute("ALTER TABLE device_boots RENAME TO boots")
    name, message = {
        "bulk": ("accel", frame(stamp())),
        "urgent": ("status", wire.Status(stamp=stamp(), state=wire.Status.ONLINE)),
    }[lane]
    used.publish(name, message)
    with pytest.raises(psycopg.ProgrammingError):
        work_on(used)
    assert used.reasons() == []
    used.world.conn.execute("ALTER TABLE boots RENAME TO device_boots")
    used.start_anew()
    used.work(1)
    assert used.world.one("SELECT count(*) AS n FROM device_boots")["n"] == 1


def test_a_candidate_that_cannot_be_decided_does_not_hold_up_the_others(bulk: Lane) -> None:
    bulk.world.conn.execute(
        f"""CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.uptime_ms = {POISON} THEN RAISE EXCEPTION 'nobody foresaw this'; END IF;
                RETURN OLD;
            END $$;
            CREATE TRIGGER stumble BEFORE DELETE ON candidates FOR EACH ROW EXECUTE FUNCTION stumble();"""
    )
    for uptime_ms in (POISON, 1000):
        bulk.world.conn.execute(
            "INSERT INTO candidates (device_id, boot_id, uptime_ms, lane, shard, at, late, due_at)"
            " VALUES (%s, 1, %s, 'bulk', %s, now(), false, now())",
            [DEVICE, uptime_ms, bulk.shard],
        )
    bulk.assessor.decide_due(bulk.world.conn)
    waiting = bulk.world.one("SELECT uptime_ms, due_at > now() AS later FROM candidates")
    assert waiting == {"uptime_ms": POISON, "later": True}
    bulk.world.conn.execute("UPDATE candidates SET due_at = now()")
    bulk.world.conn.execute("DROP TRIGGER stumble ON candidates")
    bulk.assessor.decide_due(bulk.world.conn)
    assert bulk.world.rows("SELECT uptime_ms FROM candidates") == []


def test_a_shock_held_back_by_the_device_is_late_beside_fresh_motion(bulk: Lane) -> None:
    shock = struck(driving(1.0), haversine(30, 0.1), 40)
    old = stamp(1, uptime_ms=60_000, held_ms=600_000)
    bulk.publish("accel", frame(old, shock), frame(stamp(2, uptime_ms=660_000)))
    bulk.work(2)
    candidate = bulk.world.one("SELECT uptime_ms, late, now() - at AS ago FROM candidates")
    assert 60_000 <= candidate["uptime_ms"] < 61_000
    assert candidate["late"]
    assert candidate["ago"] > timedelta(minutes=9)


def test_the_database_says_when_a_candidate_is_due(bulk: Lane) -> None:
    bulk.publish("accel", frame(stamp(), struck(driving(1.0), haversine(30, 0.1), 85)))
    delivery = replace(bulk.take(1)[0], received_at=datetime.now(UTC) + timedelta(minutes=10))
    bulk.worker.work(bulk.world.conn, [delivery])
    assert bulk.world.one("SELECT due_at - now() < '3 s' AS soon FROM candidates")["soon"]


def test_a_dead_letter_is_kept_once_however_often_the_broker_brings_it(bulk: Lane) -> None:
    bulk.publish("accel", b"\xff\xff\xff")
    first = bulk.take(1)
    bulk.session.stop()  # the commit is heard, the acknowledgement is not
    bulk.worker.work(bulk.world.conn, first)
    bulk.start_anew()
    bulk.work(1)
    assert bulk.reasons() == ["not_protobuf"]
    bulk.publish("accel", b"\xff\xff\xff")
    bulk.work(1)
    assert bulk.reasons() == ["not_protobuf"] * 2


def test_a_reason_that_is_no_text_is_kept_all_the_same(bulk: Lane) -> None:
    bulk.publish("accel", b"\xff")
    with bulk.world.conn.transaction():
        bury(
            bulk.world.conn,
            bulk.take(1)[0],
            Rejection("not_json", "\ud800\x00"),
            device_id=None,
            cap_bytes=999,
        )
    assert bulk.reasons() == ["not_json"]


def test_a_session_that_may_not_subscribe_asks_again_and_then_says_so_whenever_asked(broker: Broker) -> None:
    url = f"mqtt://{broker.device_user}:{broker.device_password}@{broker.host}:{broker.port}"
    session = Session(url, next(SHARDS), "urgent", topics.URGENT, queue.SimpleQueue())
    session.start()
    try:
        began_s = time.monotonic()
        with pytest.raises(SubscriptionRefused):
            any(session.wait_subscribed(0.1) for _ in range(300))
        # A broker that is only slow gets four more chances, a second apart.
        assert time.monotonic() - began_s > 4
        with pytest.raises(SubscriptionRefused):
            session.check()
    finally:
        session.stop()


def test_invented_names_and_boots_do_not_fill_the_memory(
    world: Insured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "_REMEMBERED", 10)
    world.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, '00')", [DEVICE])
    known = Fleet()
    for n in range(40):
        known.refresh(world.conn, [DEVICE, f"CB-STRANGER-{n}"])
        assert known.knows(DEVICE)
        known.load_anchors(world.conn, [(DEVICE, n)])
        known.place(world.conn, DEVICE, Stamp(n, 1, 1000, 1000, None), datetime.now(UTC))
    assert len(known._devices) <= 12
    assert len(known._anchors) <= 12


@pytest.mark.parametrize(
    "strange", [stamp(boot=0), stamp(0), stamp(uptime_ms=2**63, sent_uptime_ms=5), wire.Stamp(version=1)]
)
def test_a_press_whose_stamp_means_nothing_anchors_no_boot(urgent: Lane, strange: wire.Stamp) -> None:
    urgent.publish("button", wire.Button(stamp=strange, kind=wire.Button.LONG))
    urgent.publish(
        "button", wire.Button(stamp=stamp(9, uptime_ms=300_000_000), kind=wire.Button.LONG, held_ms=3000)
    )
    urgent.work(2)
    presses = urgent.world.rows("SELECT defects, now() - at AS ago FROM presses ORDER BY sequence")
    assert all(press["ago"] < timedelta(seconds=20) for press in presses)
    assert presses[1]["defects"] == ["clock_unset"]
    assert urgent.world.one("SELECT count(*) AS n FROM device_boots")["n"] == 1


def test_an_impossible_uptime_is_not_taken_for_the_devices_own(urgent: Lane) -> None:
    urgent.publish("button", wire.Button(stamp=stamp(1, uptime_ms=300_000_000), kind=wire.Button.LONG))
    strange = stamp(2, uptime_ms=2**63, sent_uptime_ms=5)
    urgent.publish("button", wire.Button(stamp=strange, kind=wire.Button.LONG))
    urgent.work(2)
    assert urgent.world.one("SELECT uptime_ms FROM device_presence")["uptime_ms"] == 300_000_000


def test_an_old_position_is_no_place_for_an_incident(bulk: Lane) -> None:
    incident_id = bulk.world.report(DEVICE, None, position=None)

    def fixes(sequence: int, lat_deg: float, held_ms: int) -> wire.Gps:
        fix = wire.Fix(uptime_ms=9_000_000 - held_ms, lat_deg=lat_deg, lon_deg=139.1)
        return wire.Gps(stamp=stamp(sequence, uptime_ms=9_000_000 - held_ms, held_ms=held_ms), fixes=[fix])

    place = "SELECT lat_deg FROM incidents WHERE id = %s"
    bulk.publish("gps", fixes(1, 34.0, 7_200_000))
    bulk.work(1)
    assert bulk.world.one(place, incident_id) == {"lat_deg": None}
    bulk.publish("gps", fixes(2, 35.0, 5_000), fixes(3, 34.5, 600_000))
    bulk.work(2)
    assert bulk.world.one(place, incident_id) == {"lat_deg": 35.0}


def test_motion_is_found_on_both_sides_of_a_clock_that_was_set(bulk: Lane) -> None:
    now_ms = round(time.time() * 1000)
    clock = {"clock": wire.Stamp.GPS}
    slow = stamp(1, uptime_ms=60_000, held_ms=1_000, event_wall_ms=now_ms - 110_000, **clock)
    right = stamp(2, uptime_ms=61_000, event_wall_ms=now_ms, **clock)
    fix = wire.Fix(uptime_ms=60_500, lat_deg=35.0, lon_deg=139.1, speed_mps=20)
    where = stamp(3, uptime_ms=60_500, held_ms=500, event_wall_ms=now_ms - 109_500, **clock)
    bulk.publish("accel", frame(slow), frame(right))
    bulk.publish("gps", wire.Gps(stamp=where, fixes=[fix]))
    bulk.work(3)
    moment = Moment(DEVICE, 5, 61_500, datetime.now(UTC))
    seconds = timedelta(seconds=1)
    assert len(motion_in(bulk.world.conn, moment.window(10 * seconds, 9 * seconds))) == 2
    assert len(fixes_in(bulk.world.conn, moment.window(60 * seconds, 60 * seconds))) == 1


def test_speed_lost_at_once_by_gps_is_a_candidate_whatever_the_sensor_felt(bulk: Lane) -> None:
    def fixes(sequence: int, *told: tuple[int, float]) -> wire.Gps:
        uptimes_ms = [1000 * at_s for at_s, _ in told]
        which = stamp(sequence, uptime_ms=uptimes_ms[0], sent_uptime_ms=uptimes_ms[-1] + 100)
        return wire.Gps(
            stamp=which,
            fixes=[
                wire.Fix(uptime_ms=1000 * at_s, lat_deg=35.0, lon_deg=139.1, speed_mps=kmh / 3.6)
                for at_s, kmh in told
            ],
        )

    candidates = "SELECT uptime_ms, lane, late, now() - at AS ago FROM candidates ORDER BY uptime_ms"
    first, second = fixes(1, (60, 58), (61, 59), (62, 57)), fixes(2, (63, 12), (64, 0))
    bulk.publish("gps", first)
    bulk.work(1)
    assert bulk.world.rows(candidates) == []
    bulk.publish("gps", second, first)
    bulk.work(2)
    (candidate,) = bulk.world.rows(candidates)
    assert (candidate["uptime_ms"], candidate["lane"], candidate["late"]) == (61_500, "bulk", False)
    assert timedelta() < candidate["ago"] < timedelta(seconds=20)
    bulk.world.conn.execute("DELETE FROM candidates")
    third = fixes(3, (70, 60), (71, 10))
    for expected in (1, 0):  # what is there already is not looked at twice
        bulk.publish("gps", third)
        bulk.work(1)
        assert bulk.world.conn.execute("DELETE FROM candidates").rowcount == expected
        bulk.worker = BulkLane(bulk.world.incidents, dead_letter_bytes=10**6)  # a memory lost with its worker


def test_a_fix_that_was_rolled_back_is_not_remembered(bulk: Lane) -> None:
    bulk.world.conn.execute(
        """CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'nobody foresaw this'; END $$;
           CREATE TRIGGER stumble BEFORE INSERT ON candidates FOR EACH ROW EXECUTE FUNCTION stumble();"""
    )
    told = [
        wire.Fix(uptime_ms=ms, lat_deg=35.0, lon_deg=139.1, speed_mps=v)
        for ms, v in ((60_000, 20), (61_000, 1))
    ]
    bulk.publish("gps", wire.Gps(stamp=stamp(1), fixes=told))
    bulk.work(1)
    assert bulk.reasons() == ["failed"]
    assert isinstance(bulk.worker, BulkLane)
    assert bulk.worker._speeds == {}


def test_silent_devices_are_forgotten(bulk: Lane) -> None:
    assert isinstance(bulk.worker, BulkLane)
    fix = wire.Fix(uptime_ms=60_000, lat_deg=35.0, lon_deg=139.1)
    for boot in range(1, 6):
        bulk.publish("gps", wire.Gps(stamp=stamp(boot=boot), fixes=[fix]))
        bulk.publish("accel", frame(stamp(2, boot=boot)))
        bulk.work(2)
    bulk.worker.forget(keep=2)
    assert list(bulk.worker._speeds) == list(bulk.worker._memories) == [(DEVICE, 4), (DEVICE, 5)]
