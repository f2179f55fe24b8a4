"""The device's store: order of leaving, bounds, and what happens when the connection breaks."""

from __future__ import annotations

import math

from device_sim.device.store import Draft, Store
from schemas.wire.device_pb2 import Accel, Button, Gps, Impact, Motion, Stamp, Status


def draft(name: str, sequence: int, size: int = 100) -> Draft:
    kinds = {"button": Button, "impact": Impact, "status": Status, "accel": Accel, "gps": Gps}
    return Draft(name, kinds[name](stamp=Stamp(sequence=sequence)), size)


def sequences(drafts: list[Draft]) -> list[int]:
    return [each.sequence for each in drafts]


def test_presses_leave_first_then_impacts_then_status_then_the_oldest_bulk() -> None:
    store = Store()
    for name, sequence in [
        ("accel", 1),
        ("gps", 2),
        ("status", 3),
        ("impact", 4),
        ("impact", 5),
        ("button", 6),
        ("accel", 7),
    ]:
        store.put(draft(name, sequence))
    assert sequences(store.take(0.0)) == [6, 4, 5, 3, 1, 2, 7]
    assert store.waiting == 0
    assert store.unacknowledged == 7


def test_a_backlog_leaves_at_a_limited_rate() -> None:
    store = Store(bulk_per_s=10.0, in_flight=1000)
    for sequence in range(1, 101):
        store.put(draft("accel", sequence))
    assert len(store.take(0.0)) == 10
    assert store.take(999.0) == []
    store.put(draft("impact", 500))
    assert sequences(store.take(999.0)) == [500], "urgent ones do not wait for it"
    assert sequences(store.take(1000.0)) == list(range(11, 21))
    assert len(store.take(60_000.0)) == 10, "an idle minute saves nothing up"


def test_a_backlog_never_exceeds_its_rate_in_any_second() -> None:
    store = Store(bulk_per_s=10.0, in_flight=1000)
    left_ms: list[float] = []
    for tenth in range(100):
        if tenth % 3 == 0:
            store.put(draft("accel", tenth + 1))
        if tenth == 50:
            for sequence in range(200, 300):
                store.put(draft("accel", sequence))
        left_ms += [tenth * 100.0] * len(store.take(tenth * 100.0))
    busiest = max(sum(at <= other < at + 1000.0 for other in left_ms) for at in left_ms)
    assert busiest == 10
    assert len(left_ms) > 60, "and it is made use of"


def test_only_so_many_are_in_flight_but_a_press_always_leaves() -> None:
    store = Store(bulk_per_s=math.inf, in_flight=3)
    for sequence in range(1, 6):
        store.put(draft("impact", sequence))
    assert sequences(store.take(0.0)) == [1, 2, 3]
    store.put(draft("button", 9))
    assert sequences(store.take(0.0)) == [9]
    assert store.acknowledged(1) is not None
    assert store.take(0.0) == []
    assert store.acknowledged(2) is not None
    assert sequences(store.take(0.0)) == [4]
    assert store.acknowledged(77) is None


def test_when_it_is_full_the_oldest_bulk_goes_and_nothing_else() -> None:
    store = Store(capacity_bytes=1000)
    store.put(draft("button", 1, size=300))
    store.put(draft("impact", 2, size=300))
    for sequence in range(3, 9):
        store.put(draft("accel", sequence))
    assert store.dropped == 2
    assert sequences(store.take(0.0)) == [1, 2, 5, 6, 7, 8]
    for sequence in range(20, 25):
        store.put(draft("impact", sequence, size=900))
    assert store.dropped == 2
    assert sequences(store.take(0.0)) == [20, 21, 22, 23, 24]


def test_acknowledged_messages_make_room_again() -> None:
    store = Store(capacity_bytes=1000)
    for round_ in range(50):
        for sequence in range(round_ * 10 + 1, round_ * 10 + 11):
            store.put(draft("accel", sequence))
        for each in store.take(round_ * 1000.0):
            store.acknowledged(each.sequence)
    assert store.dropped == 0
    assert store.unacknowledged == 0


def test_sending_does_not_change_what_a_message_counts_for() -> None:
    store = Store(capacity_bytes=100_000)
    for sequence in range(1, 60):
        message = Accel(stamp=Stamp(sequence=sequence), motion=Motion(counts=b"x" * 600))
        store.put(Draft("accel", message, message.ByteSize()))
        for each in store.take(sequence * 1000.0):
            each.message.stamp.sent_uptime_ms = 2**40
            store.acknowledged(each.sequence)
    assert store._bytes == 0


def test_a_broken_connection_brings_everything_back_in_order() -> None:
    store = Store()
    for name, sequence in [("accel", 1), ("button", 2), ("accel", 3), ("impact", 4)]:
        store.put(draft(name, sequence))
    store.take(0.0)
    store.acknowledged(1)
    store.put(draft("accel", 5))
    store.connection_lost()
    assert sequences(store.take(1000.0)) == [2, 4, 3, 5]


def test_a_newer_status_replaces_one_that_still_waits() -> None:
    store = Store()
    store.put(draft("status", 1))
    store.put(draft("status", 2))
    assert sequences(store.take(0.0)) == [2]
    store.put(draft("status", 3))
    assert store.unacknowledged == 2, "what is in flight stays"


def test_it_knows_what_it_holds() -> None:
    store = Store()
    store.put(draft("button", 1))
    assert store.holds(1, "button")
    store.take(0.0)
    assert store.holds(1, "button")
    store.acknowledged(1)
    assert not store.holds(1, "button")
